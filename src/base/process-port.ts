/** A program whose standard input and output are the line, behind the Port seam. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { ReflowError } from './error.js';
import type { Port } from './port.js';
import { startError } from './processes.js';

export interface ProcessPortOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What to do when the program is missing. */
  readonly install: string;
}

/**
 * Starts a program and speaks to it. It ends when its input ends, and is killed by close().
 * @throws ReflowError E_TOOL_MISSING when it cannot be started
 */
export async function openProcessPort(
  program: string,
  args: readonly string[],
  options: ProcessPortOptions,
): Promise<Port> {
  const child = spawn(program, args, { env: { ...process.env, ...options.env } });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(startError(program, options.install, error)),
    );
  });
  return new ProcessPort(program, child);
}

class ProcessPort implements Port {
  #open = true;
  #said = '';
  readonly #ended: Promise<void>;
  readonly #lost = new Set<(error: Error) => void>();

  constructor(
    readonly path: string,
    private readonly child: ChildProcessWithoutNullStreams,
  ) {
    child.on('error', () => {});
    child.stdin.on('error', () => {});
    child.stderr.on('data', (chunk: Buffer) => {
      if (this.#said.length < 4096) this.#said += chunk.toString();
    });
    this.#ended = new Promise((resolve) => {
      child.on('close', (status, signal) => {
        const wasOpen = this.#open;
        this.#open = false;
        resolve();
        if (wasOpen) for (const listener of [...this.#lost]) listener(this.#gone(status, signal));
      });
    });
  }

  #gone(status: number | null, signal: string | null): ReflowError {
    const how = signal ? `was killed by ${signal}` : `ended with status ${status}`;
    const words = this.#said.trim().split('\n').at(-1);
    const message = `${this.path} ${how}${words ? `: ${words}` : ''}`;
    return new ReflowError('E_PORT', message, 'run it by hand to see why');
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (cause?: Error) =>
        reject(
          new ReflowError('E_PORT', `${this.path} takes no more input`, 'run it by hand to see why', {
            cause,
          }),
        );
      if (!this.#open) return failed();
      this.child.stdin.write(bytes, (error) => (error ? failed(error) : resolve()));
    });
  }

  onData(listener: (bytes: Uint8Array) => void): () => void {
    this.child.stdout.on('data', listener);
    return () => this.child.stdout.off('data', listener);
  }

  onLost(listener: (error: Error) => void): () => void {
    this.#lost.add(listener);
    return () => this.#lost.delete(listener);
  }

  async setLines(): Promise<boolean> {
    return false;
  }

  async setLine(): Promise<void> {}

  async close(): Promise<void> {
    this.#open = false;
    this.child.kill('SIGKILL');
    await this.#ended;
  }
}
