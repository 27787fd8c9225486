/** A conversation with one board: what it is, what networks it holds, and their runs. */
import { ReflowError } from '../base/error.js';
import type { Port } from '../base/port.js';
import { type Answer, Link, type RequestLimits } from './link.js';
import {
  type BoardMemory,
  type BoardOperator,
  type BoardTensor,
  BodyReader,
  eventType,
  type Identity,
  MalformedBody,
  makeBody,
  type NetworkHeader,
  type RequestName,
  type RunAnswer,
  readIdentity,
  readMemories,
  readNetworkHeader,
  readOperators,
  readRunAnswer,
  readTensor,
  runFlag,
  tensorList,
} from './protocol.js';

export interface SessionOptions {
  /** How long a board may take to boot. */
  readonly bootMs?: number;
  /** How long a board may take for a request other than a run. */
  readonly requestMs?: number;
  /** How long a run may take. */
  readonly runMs?: number;
  /** A request is sent again when nothing has come for so long. */
  readonly resendMs?: number;
}

/** A network of the image, with everything that the board knows about it. */
export interface BoardNetwork extends NetworkHeader {
  readonly position: number;
  readonly operators: readonly BoardOperator[];
  readonly tensors: readonly BoardTensor[];
  readonly inputs: readonly BoardTensor[];
  readonly outputs: readonly BoardTensor[];
}

export interface RunOptions {
  readonly times?: number;
  readonly count?: boolean;
  readonly dump?: boolean;
}

/** What one operator cost in one run. */
export interface OperatorTicks {
  /** In the network's list. */
  readonly position: number;
  readonly ticks: number;
}

/** Bytes of a tensor that became valid during a run. */
export interface Written {
  /** In the network's list. */
  readonly position: number;
  readonly first: number;
  readonly bytes: Uint8Array;
}

export interface RunReport extends RunAnswer {
  readonly counted: readonly OperatorTicks[];
  readonly written: readonly Written[];
  /** Events that the line lost; what was counted or written is then incomplete. */
  readonly lost: number;
}

const boardTensorLimit = 100_000;

export class Session {
  readonly #link: Link;
  readonly #options: Required<SessionOptions>;

  private constructor(
    port: Port,
    options: SessionOptions,
    private identified: Identity | null = null,
  ) {
    this.#link = new Link(port);
    this.#options = { bootMs: 10_000, requestMs: 10_000, runMs: 120_000, resendMs: 1000, ...options };
  }

  /**
   * Greets the board at the other end of the line, which may still be booting.
   * @throws ReflowError E_TIMEOUT when nothing answers, E_PROTOCOL when something else does, E_PORT
   */
  static async start(port: Port, options: SessionOptions = {}): Promise<Session> {
    const session = new Session(port, options);
    // Bytes that come before a UART is set up are lost: ask often.
    const limits = { timeoutMs: session.#options.bootMs, resendMs: Math.min(200, session.#options.resendMs) };
    session.identified = await session.#ask('identify', new Uint8Array(), readIdentity, limits);
    return session;
  }

  get identity(): Identity {
    if (!this.identified) throw new Error('not started');
    return this.identified;
  }

  /** Everything about the network at a position of the image. @throws ReflowError as `Link.request` */
  async network(position: number): Promise<BoardNetwork> {
    const at = [position, 1] as const;
    const header = await this.#ask('describe', makeBody(at), readNetworkHeader);
    if (header.tensorCount > boardTensorLimit || header.operatorCount > boardTensorLimit)
      throw malformed('describe');
    const tensors = (list: number, count: number) =>
      this.#list(count, async (k) => [
        await this.#ask('tensor', makeBody(at, [list, 1], [k, 4]), readTensor),
      ]);
    return {
      ...header,
      position,
      operators: await this.#list(header.operatorCount, (first) =>
        this.#ask('operators', makeBody(at, [first, 4]), readOperators),
      ),
      tensors: await tensors(tensorList.all, header.tensorCount),
      inputs: await tensors(tensorList.inputs, header.inputCount),
      outputs: await tensors(tensorList.outputs, header.outputCount),
    };
  }

  /** Every network of the image. */
  async networks(): Promise<BoardNetwork[]> {
    return this.#list(this.identity.networkCount, async (position) => [await this.network(position)]);
  }

  /** Makes a network the current one: its arena is painted and initialised. */
  async open(network: BoardNetwork): Promise<void> {
    await this.#ask('open', makeBody([network.position, 1]), readNothing);
  }

  /** Writes an input of the current network; `bytes` is the whole tensor, little-endian. */
  async load(network: BoardNetwork, input: number, bytes: Uint8Array): Promise<void> {
    const tensor = network.inputs[input];
    if (!tensor || tensor.bytes !== bytes.length) {
      const expected = tensor ? `${tensor.bytes} bytes` : `inputs 0 to ${network.inputs.length - 1}`;
      throw new ReflowError(
        'E_INPUT',
        `input ${input} of ${network.name} got ${bytes.length} bytes, it has ${expected}`,
        'see its inputs with `reflow inspect`',
      );
    }
    const step = this.identity.dataBytes;
    for (let at = 0; at < bytes.length; at += step) {
      await this.#ask('load', makeBody([input, 4], [at, 4], bytes.subarray(at, at + step)), readNothing);
    }
  }

  /** Runs the current network on what its inputs hold; a run may overwrite them. */
  async run(options: RunOptions = {}): Promise<RunReport> {
    const flags = (options.count ? runFlag.count : 0) | (options.dump ? runFlag.dump : 0);
    const body = makeBody([flags, 1], [options.times ?? 1, 4]);
    const limits = { timeoutMs: this.#options.runMs, resendMs: 3 * this.#options.resendMs };
    const answer = await this.#link.request('run', body, limits);
    return decode('run', () => readRun(answer));
  }

  /** How much of `count` memories besides the arena the current network has written. */
  async memories(count: number): Promise<BoardMemory[]> {
    return this.#list(count, (first) => this.#ask('memories', makeBody([first, 1]), readMemories));
  }

  /** The whole of an output of the current network, little-endian. */
  async read(network: BoardNetwork, output: number): Promise<Uint8Array> {
    const total = network.outputs[output]?.bytes ?? 0;
    const parts: Uint8Array[] = [];
    for (let at = 0; at < total; at += this.identity.dataBytes) {
      const count = Math.min(this.identity.dataBytes, total - at);
      const body = makeBody([output, 4], [at, 4], [count, 2]);
      parts.push(await this.#ask('read', body, (bytes) => new BodyReader(bytes).bytes(count)));
    }
    return new Uint8Array(Buffer.concat(parts));
  }

  async #ask<T>(
    name: RequestName,
    body: Uint8Array,
    read: (body: Uint8Array) => T,
    limits: RequestLimits = { timeoutMs: this.#options.requestMs, resendMs: this.#options.resendMs },
  ): Promise<T> {
    const answer = await this.#link.request(name, body, limits);
    return decode(name, () => read(answer.body));
  }

  /** Asks for the rest until there are `count`. */
  async #list<T>(count: number, more: (first: number) => Promise<readonly T[]>): Promise<T[]> {
    const all: T[] = [];
    while (all.length < count) {
      const next = await more(all.length);
      if (next.length === 0) throw malformed('list');
      all.push(...next);
    }
    return all;
  }
}

function readNothing(body: Uint8Array): void {
  new BodyReader(body).end();
}

function readRun({ body, events }: Answer): RunReport {
  const answer = readRunAnswer(body);
  const counted: OperatorTicks[] = [];
  const written: Written[] = [];
  const seen = new Set<number>();
  for (const event of events) {
    const from = new BodyReader(event.body);
    seen.add(from.u32());
    if (event.type === eventType.counted) {
      while (from.left > 0) counted.push({ position: from.u32(), ticks: from.u64() });
    } else if (event.type === eventType.wrote) {
      written.push({ position: from.u32(), first: from.u32(), bytes: from.bytes(from.left) });
    } else throw new MalformedBody('event');
  }
  return { ...answer, counted, written, lost: answer.events - seen.size };
}

function decode<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedBody) throw malformed(name, error);
    throw error;
  }
}

function malformed(name: string, cause?: unknown): ReflowError {
  return new ReflowError(
    'E_PROTOCOL',
    `the board's answer to ${name} is malformed`,
    'build the image again with this reflow',
    { cause },
  );
}
