/** Turns the bytes that a Port pushes into bytes that one can wait for, always with a time limit. */
import type { Port } from '../base/port.js';
import { LinkError } from './flash-error.js';
import type { LineClock } from './line-clock.js';

export class ByteReader {
  #buffer: number[] = [];
  #wake: (() => void) | null = null;
  #lost: Error | null = null;
  readonly #stops: (() => void)[];

  constructor(
    port: Port,
    private readonly clock: LineClock,
  ) {
    this.#stops = [
      port.onData((bytes) => {
        for (const byte of bytes) this.#buffer.push(byte);
        this.#wake?.();
      }),
      port.onLost((error) => this.fail(error)),
    ];
  }

  /** Ends every wait, now and later: the line is gone. */
  fail(error: Error): void {
    this.#lost ??= error;
    this.#wake?.();
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** Exactly `count` bytes, or LinkError `timeout` (bytes that did arrive stay) or `lost`. */
  async take(count: number, timeoutMs: number, stage: string): Promise<Uint8Array> {
    const due = this.clock.now() + timeoutMs;
    while (this.#buffer.length < count) {
      if (this.#lost) throw new LinkError('lost', stage, `the port went away (${this.#lost.message})`);
      const left = due - this.clock.now();
      if (left <= 0) {
        throw new LinkError(
          'timeout',
          stage,
          `${this.#buffer.length} of ${count} bytes in ${Math.round(timeoutMs)} ms`,
        );
      }
      await this.#change(left);
    }
    const taken = Uint8Array.from(this.#buffer.slice(0, count));
    this.#buffer = this.#buffer.slice(count);
    return taken;
  }

  /** What has arrived and nobody took. */
  drain(): Uint8Array {
    const all = Uint8Array.from(this.#buffer);
    this.#buffer = [];
    return all;
  }

  /**
   * Waits up to `firstMs` for a first byte, then until the line is silent for `silenceMs`; returns everything.
   * A line that never falls silent is cut off after 1024 bytes.
   */
  async collect(firstMs: number, silenceMs: number): Promise<Uint8Array> {
    const due = this.clock.now() + firstMs;
    while (this.#buffer.length === 0 && !this.#lost && this.clock.now() < due) {
      await this.#change(due - this.clock.now());
    }
    let seen = 0;
    while (this.#buffer.length > seen && this.#buffer.length < 1024) {
      seen = this.#buffer.length;
      await this.#change(silenceMs);
    }
    if (this.#lost) throw new LinkError('lost', 'line', `the port went away (${this.#lost.message})`);
    return this.drain();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.schedule(timeoutMs, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = null;
        cancel();
        resolve();
      };
    });
  }
}
