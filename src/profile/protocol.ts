/** Requests, answers and errors of the board's protocol, as runtime-c/rf_serve.h describes them. Pure. */
import type { CounterKind } from '../hw/board.js';

export const requestType = {
  identify: 1,
  describe: 2,
  tensor: 3,
  operators: 4,
  open: 5,
  load: 6,
  run: 7,
  read: 8,
  memories: 10,
} as const;

export type RequestName = keyof typeof requestType;

export const answerBit = 0x80;
export const eventType = { counted: 0xe0, wrote: 0xe1 } as const;
export const errorType = 0xff;
export const runFlag = { count: 1, dump: 2 } as const;
export const tensorList = { all: 0, inputs: 1, outputs: 2 } as const;

/** RF_E_CORRUPT: the board got a damaged frame and does not know whose it was. */
export const corruptCode = 1;
const versionCode = 2;

/** What a board's error means, by rf_serve_error. */
const errorTexts: Readonly<Record<number, (detail: number) => string>> = {
  [versionCode]: (detail) => `it speaks version ${detail} of the protocol`,
  3: () => 'it does not know this request',
  4: (detail) => `the request's body has a wrong length of ${detail} bytes`,
  5: (detail) => `it has no network ${detail}`,
  6: (detail) => `its network has no tensor or operator ${detail}`,
  7: (detail) => `the request goes beyond the tensor's ${detail} bytes`,
  8: () => 'no network is open: the board was restarted, probably by a fault in the network',
  9: (detail) => `the network needs an arena of ${detail} bytes, more than the image has`,
  10: (detail) => `the network refused with status ${detail}`,
};

export interface BoardError {
  readonly code: number;
  readonly text: string;
  readonly isVersion: boolean;
}

export const dtypes = ['int8', 'uint8', 'int16', 'int32', 'int64', 'float32', 'bool'] as const;
export type WireDType = (typeof dtypes)[number];
const bytesPer: Record<WireDType, number> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  float32: 4,
  bool: 1,
};

/** What a board says of itself. */
export interface Identity {
  readonly board: string;
  /** Tensor bytes that one message carries at most. */
  readonly dataBytes: number;
  readonly networkCount: number;
  readonly counterKind: CounterKind;
  /** `ticks` of the counter are `units` of its kind. */
  readonly ticks: number;
  readonly units: number;
  readonly clockHz: number | null;
  readonly arenaBytes: number;
  /** Reserved for the stack; null when the board does not measure it. */
  readonly stackReserveBytes: number | null;
}

export interface NetworkHeader {
  readonly name: string;
  readonly arenaBytes: number;
  /** The first eight bytes of each hash, hexadecimal. */
  readonly modelHash: string;
  readonly planHash: string;
  readonly operatorCount: number;
  readonly tensorCount: number;
  readonly inputCount: number;
  readonly outputCount: number;
}

/** A tensor of the network's arena. */
export interface BoardTensor {
  /** In the board's list. */
  readonly position: number;
  /** In the imported file. */
  readonly index: number;
  readonly name: string;
  readonly dtype: WireDType;
  readonly shape: readonly number[];
  /** 0: not quantised. */
  readonly scale: number;
  readonly zeroPoint: number;
  readonly bytes: number;
}

export interface BoardOperator {
  /** In the imported file. */
  readonly index: number;
  readonly kind: string;
}

/** A memory besides the arena in which the open network keeps tensors. */
export interface BoardMemory {
  /** In the board's file. */
  readonly name: string;
  readonly bytes: number;
  /** The last byte that was written since the network was opened, plus one. */
  readonly highWater: number;
}

export interface RunAnswer {
  readonly ticks: number;
  readonly stackBytes: number;
  readonly arenaHighWater: number;
  readonly events: number;
}

/** A body that is not what the protocol says. */
export class MalformedBody extends Error {}

/** Reads a body from its start; anything missing or impossible throws MalformedBody. */
export class BodyReader {
  #at = 0;
  readonly #view: DataView;

  constructor(private readonly body: Uint8Array) {
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  get left(): number {
    return this.body.length - this.#at;
  }

  #take(bytes: number): number {
    if (this.left < bytes) throw new MalformedBody('too short');
    this.#at += bytes;
    return this.#at - bytes;
  }

  u8 = () => this.#view.getUint8(this.#take(1));
  u16 = () => this.#view.getUint16(this.#take(2), true);
  u32 = () => this.#view.getUint32(this.#take(4), true);
  i32 = () => this.#view.getInt32(this.#take(4), true);
  f32 = () => this.#view.getFloat32(this.#take(4), true);

  /** A count of ticks; exact up to 2^53, which no run reaches. */
  u64(): number {
    const value = Number(this.#view.getBigUint64(this.#take(8), true));
    if (!Number.isSafeInteger(value)) throw new MalformedBody('count too large');
    return value;
  }

  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.body.slice(at, at + count);
  }

  text(): string {
    return Buffer.from(this.bytes(this.u8())).toString();
  }

  end(): void {
    if (this.left !== 0) throw new MalformedBody('too long');
  }
}

/** Builds a body from integers, `[value, bytes]` each, and raw bytes. */
export function makeBody(
  ...parts: readonly (readonly [value: number, bytes: 1 | 2 | 4] | Uint8Array)[]
): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      if (part instanceof Uint8Array) return part;
      const little = Buffer.alloc(4);
      little.writeUInt32LE(part[0]);
      return little.subarray(0, part[1]);
    }),
  );
}

export function readIdentity(body: Uint8Array): Identity {
  const from = new BodyReader(body);
  const dataBytes = from.u16();
  const counterKind = (['wall', 'instructions', 'cycles'] as const)[from.u8()];
  const networkCount = from.u8();
  const [ticks, units, clockHz, arenaBytes, stackBytes] = [
    from.u32(),
    from.u32(),
    from.u32(),
    from.u32(),
    from.u32(),
  ];
  const board = from.text();
  from.end();
  if (!counterKind || dataBytes === 0 || ticks === 0 || units === 0) throw new MalformedBody('identity');
  return {
    board,
    dataBytes,
    networkCount,
    counterKind,
    ticks,
    units,
    clockHz: clockHz || null,
    arenaBytes,
    stackReserveBytes: stackBytes || null,
  };
}

export function readNetworkHeader(body: Uint8Array): NetworkHeader {
  const from = new BodyReader(body);
  const hash = () => Buffer.from(from.bytes(8)).toString('hex');
  const header = {
    arenaBytes: from.u32(),
    modelHash: hash(),
    planHash: hash(),
    operatorCount: from.u32(),
    tensorCount: from.u32(),
    inputCount: from.u32(),
    outputCount: from.u32(),
    name: from.text(),
  };
  from.end();
  return header;
}

/** @throws MalformedBody also when shape and bytes contradict each other */
export function readTensor(body: Uint8Array): BoardTensor {
  const from = new BodyReader(body);
  const position = from.u32();
  const index = from.i32();
  const dtype = dtypes[from.u8()];
  const rank = from.u8();
  if (!dtype || rank > 6) throw new MalformedBody('tensor type');
  const shape = Array.from({ length: rank }, from.i32);
  const tensor = {
    position,
    index,
    dtype,
    shape,
    scale: from.f32(),
    zeroPoint: from.i32(),
    bytes: from.u32(),
  };
  const name = from.text();
  from.end();
  if (shape.reduce((product, size) => product * size, bytesPer[dtype]) !== tensor.bytes) {
    throw new MalformedBody('tensor size');
  }
  return { ...tensor, name };
}

export function readOperators(body: Uint8Array): BoardOperator[] {
  const from = new BodyReader(body);
  const operators: BoardOperator[] = [];
  while (from.left > 0) operators.push({ index: from.i32(), kind: from.text() });
  return operators;
}

/** @throws MalformedBody also when more was written than there is */
export function readMemories(body: Uint8Array): BoardMemory[] {
  const from = new BodyReader(body);
  const memories: BoardMemory[] = [];
  while (from.left > 0) {
    const memory = { bytes: from.u32(), highWater: from.u32(), name: from.text() };
    if (memory.highWater > memory.bytes) throw new MalformedBody('high-water mark');
    memories.push(memory);
  }
  return memories;
}

export function readRunAnswer(body: Uint8Array): RunAnswer {
  const from = new BodyReader(body);
  const answer = {
    ticks: from.u64(),
    stackBytes: from.u32(),
    arenaHighWater: from.u32(),
    events: from.u32(),
  };
  from.end();
  return answer;
}

/** Null when it is no error that this protocol knows how to send. */
export function readError(body: Uint8Array): BoardError | null {
  if (body.length !== 6) return null;
  const from = new BodyReader(body);
  const code = from.u8();
  from.u8();
  const detail = from.i32();
  const text = errorTexts[code]?.(detail) ?? `error ${code} (${detail})`;
  return { code, text, isVersion: code === versionCode };
}
