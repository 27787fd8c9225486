/**
 * One request at a time to the resident loader, over a line that loses and damages bytes. A request is repeated with its
 * own number until it is answered, which is safe: the loader never does the same request twice (runtime-c/rf_loader.h).
 */
import type { Port } from '../base/port.js';
import { encodeFrame, FrameReader, type Message, wireVersion } from '../base/wire.js';
import { LinkError } from './flash-error.js';
import type { LineClock } from './line-clock.js';

export const loaderRequest = { info: 0x20, crc: 0x21, erase: 0x22, write: 0x23, commit: 0x24, start: 0x25 };
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

export class LoaderLink {
  /** Bytes that came and are no frames of this protocol, at most some. */
  readonly noise: number[] = [];
  /** Requests that had to be sent again. */
  resends = 0;
  #sequence = Math.floor(Math.random() * 0xffff);

  constructor(
    readonly port: Port,
    private readonly clock: LineClock,
  ) {}

  /** @throws LoaderRefusal; LinkError `timeout`, `lost` */
  request(type: number, body: Uint8Array, patience: Patience): Promise<Uint8Array> {
    this.#sequence = (this.#sequence % 0xffff) + 1;
    const sequence = this.#sequence;
    const frame = encodeFrame({ version: wireVersion, type, sequence, body });
    const reader = new FrameReader();
    return new Promise((resolve, reject) => {
      const stops: (() => void)[] = [];
      let cancelResend = () => {};
      let cancelNudge = () => {};
      const end = (act: () => void) => {
        cancelResend();
        cancelNudge();
        for (const stop of stops) stop();
        act();
      };
      const lost = (error: Error) =>
        end(() => reject(new LinkError('lost', `request 0x${type.toString(16)}`, error.message)));
      const send = (bytes: Uint8Array) => this.port.write(bytes).catch(lost);
      const nudge = () => {
        void send(delimiter);
        cancelNudge = this.clock.schedule(nudgeMs, nudge);
      };
      const sendAgainAfter = (ms: number) => {
        cancelResend();
        cancelResend = this.clock.schedule(ms, () => {
          this.resends++;
          void send(frame);
          sendAgainAfter(patience.resendMs);
        });
      };
      const onMessage = (message: Message | null) => {
        if (message === null || (message.type === errorType && message.body[0] === loaderError.corrupt)) {
          sendAgainAfter(1);
        } else if (message.sequence !== sequence) {
          return; // a late answer
        } else if (message.type === errorType && message.body.length === 6) {
          const { body: words } = message;
          const detail = new DataView(words.buffer, words.byteOffset, 6).getInt32(2, true);
          end(() => reject(new LoaderRefusal(type, words[0]!, detail)));
        } else if (message.type === (type | answerBit)) {
          end(() => resolve(message.body));
        }
      };
      stops.push(
        this.port.onData((bytes) => {
          const found = reader.push(bytes);
          if (found.every((message) => message === null) && this.noise.length < 256)
            this.noise.push(...bytes.subarray(0, 256));
          found.forEach(onMessage);
        }),
        this.port.onLost(lost),
        this.clock.schedule(patience.timeoutMs, () =>
          end(() =>
            reject(
              new LinkError(
                'timeout',
                `request 0x${type.toString(16)}`,
                `no answer in ${patience.timeoutMs} ms`,
              ),
            ),
          ),
        ),
      );
      void send(frame);
      sendAgainAfter(patience.resendMs);
      cancelNudge = this.clock.schedule(nudgeMs, nudge);
    });
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
