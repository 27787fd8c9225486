/**
 * One request at a time to the resident loader, over a line that loses and damages bytes. A request is repeated with its
 * own number until it is answered, which is safe: the loader never does the same request twice (runtime-c/rf_loader.h).
 */
import type { Port } from '../base/port.js';
import { encodeFrame, FrameReader, type Message, wireVersion } from '../base/wire.js';
import { LinkError } from './flash-error.js';
import type { LineClock } from './line-clock.js';

export const loaderRequest = {
  ...{ info: 0x20, crc: 0x21, erase: 0x22, write: 0x23, commit: 0x24, start: 0x25 },
  ...{ keep: 0x26, restore: 0x27 },
};
/** The one request that is for the application: rf_serve.h's LEAVE. */
export const leaveRequest = 9;
const answerBit = 0x80;
const errorType = 0xff;

/** rf_loader_error. */
export const loaderError = { corrupt: 1, request: 3, range: 32, order: 33, flash: 34, crc: 35, empty: 36 };

/** The loader (or the application) understood, and said no. */
export class LoaderRefusal extends Error {
  constructor(
    readonly request: number,
    readonly code: number,
    readonly detail: number,
  ) {
    super(
      `request 0x${request.toString(16)} was refused with error ${code} (0x${(detail >>> 0).toString(16)})`,
    );
  }
}

export interface Patience {
  /** Until LinkError `timeout`. */
  readonly timeoutMs: number;
  /** The request is sent again when nothing has come for so long. */
  readonly resendMs: number;
}

/** A damaged request is answered at once; one whose last delimiter was lost, when the next one comes. */
const nudgeMs = 200;
const delimiter = Uint8Array.of(0);
const mostNoise = 256;

export class LoaderLink {
  /** The first bytes that came and are no frames of this protocol. */
  readonly noise: number[] = [];
  /** Requests that had to be sent again. */
  resends = 0;
  #sequence = Math.floor(Math.random() * 0xffff);

  constructor(
    readonly port: Port,
    readonly clock: LineClock,
  ) {}

  /** @throws LoaderRefusal; LinkError `timeout`, `lost` */
  request(type: number, body: Uint8Array, patience: Patience): Promise<Uint8Array> {
    this.#sequence = (this.#sequence % 0xffff) + 1;
    return new Exchange(this, { version: wireVersion, type, sequence: this.#sequence, body }, patience).run();
  }
}

class Exchange {
  readonly #reader = new FrameReader();
  readonly #frame: Uint8Array;
  readonly #stops: (() => void)[] = [];
  #cancelResend = () => {};
  #cancelNudge = () => {};
  #resolve: (body: Uint8Array) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(
    private readonly link: LoaderLink,
    private readonly asked: Message,
    private readonly patience: Patience,
  ) {
    this.#frame = encodeFrame(asked);
  }

  async run(): Promise<Uint8Array> {
    const { port, clock } = this.link;
    const { timeoutMs } = this.patience;
    const late = () => this.#reject(this.#trouble('timeout', `no answer in ${Math.round(timeoutMs)} ms`));
    try {
      return await new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
        this.#stops.push(
          port.onData((bytes) => this.#take(bytes)),
          port.onLost((error) => this.#lost(error)),
          clock.schedule(timeoutMs, late),
        );
        this.#send(this.#frame);
        this.#sendAgainAfter(this.patience.resendMs);
        this.#nudgeLater();
      });
    } finally {
      this.#cancelResend();
      this.#cancelNudge();
      for (const stop of this.#stops) stop();
    }
  }

  #trouble(trouble: 'timeout' | 'lost', detail: string): LinkError {
    return new LinkError(trouble, `request 0x${this.asked.type.toString(16)}`, detail);
  }

  #lost(error: Error): void {
    this.#reject(this.#trouble('lost', error.message));
  }

  #send(bytes: Uint8Array): void {
    this.link.port.write(bytes).catch((error: Error) => this.#lost(error));
  }

  #sendAgainAfter(ms: number): void {
    this.#cancelResend();
    this.#cancelResend = this.link.clock.schedule(ms, () => {
      this.link.resends++;
      this.#send(this.#frame);
      this.#sendAgainAfter(this.patience.resendMs);
    });
  }

  #nudgeLater(): void {
    this.#cancelNudge = this.link.clock.schedule(nudgeMs, () => {
      this.#send(delimiter);
      this.#nudgeLater();
    });
  }

  #take(bytes: Uint8Array): void {
    const found = this.#reader.push(bytes);
    const { noise } = this.link;
    if (found.every((message) => message === null))
      noise.push(...bytes.subarray(0, mostNoise - noise.length));
    for (const message of found) this.#handle(message);
  }

  #handle(message: Message | null): void {
    const isError = message?.type === errorType && message.body.length === 6;
    if (message === null || (isError && message.body[0] === loaderError.corrupt)) this.#sendAgainAfter(1);
    else if (message.sequence !== this.asked.sequence)
      return; // a late answer
    else if (isError) {
      const { body } = message;
      const detail = new DataView(body.buffer, body.byteOffset, body.length).getInt32(2, true);
      this.#reject(new LoaderRefusal(this.asked.type, body[0]!, detail));
    } else if (message.type === (this.asked.type | answerBit)) this.#resolve(message.body);
  }
}

/** Little-endian 32-bit words, then raw bytes. */
export function loaderBody(words: readonly number[], bytes: Uint8Array = new Uint8Array()): Uint8Array {
  const body = new Uint8Array(4 * words.length + bytes.length);
  const view = new DataView(body.buffer);
  words.forEach((word, index) => {
    view.setUint32(4 * index, word, true);
  });
  body.set(bytes, 4 * words.length);
  return body;
}
