/** Waiting for bytes of a Port with a limit on every wait: no meter and no device may hang the tool. */
import { ReflowError } from '../../base/error.js';
import type { Port } from '../../base/port.js';

export class PortBytes {
  #queue: Uint8Array[] = [];
  #wake: (() => void) | null = null;
  #lost: Error | null = null;
  readonly #stops: (() => void)[];

  constructor(readonly port: Port) {
    this.#stops = [
      port.onData((bytes) => {
        this.#queue.push(bytes.slice());
        this.#wake?.();
      }),
      port.onLost((error) => {
        this.#lost = error;
        this.#wake?.();
      }),
    ];
  }

  /** Everything that has arrived, waiting at most until `deadlineMs` (performance.now()); empty when nothing came. */
  async read(deadlineMs: number): Promise<Uint8Array> {
    if (this.#queue.length === 0 && !this.#lost) {
      const waitMs = deadlineMs - performance.now();
      if (waitMs > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, waitMs);
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        this.#wake = null;
      }
    }
    if (this.#queue.length === 0 && this.#lost) {
      throw new ReflowError('E_PORT', `${this.port.path} was lost`, 'check the cable and try again', {
        cause: this.#lost,
      });
    }
    const chunks = this.#queue;
    this.#queue = [];
    return chunks.length === 1 ? chunks[0]! : joined(chunks);
  }

  /** Forgets what has arrived unasked. */
  drop(): void {
    this.#queue = [];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
