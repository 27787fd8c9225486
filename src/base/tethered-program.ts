/**
 * A program that lives no longer than this process: a shell holds its leash and kills it when our end of a pipe closes,
 * which the kernel does even after `kill -9`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { ReflowError } from './error.js';

export interface TetheredProgram {
  /**
   * Waits until the program has printed a line that matches.
   * @throws ReflowError E_TOOL_MISSING when there is no such program, E_DEVICE with its words when it ended, E_TIMEOUT
   */
  line(pattern: RegExp, timeoutMs: number): Promise<RegExpMatchArray>;
  /** Kills the program and waits until it is gone. Idempotent. */
  stop(): Promise<void>;
}

/** The leash: runs "$@", and kills it when standard input ends. */
const script = `exec 3<&0
"$@" </dev/null 3<&- & program=$!
(cat <&3 >/dev/null; kill -9 $program 2>/dev/null) >/dev/null 2>&1 &
exec 3<&- 0</dev/null
wait $program`;

/** Starts `program`; output on both streams counts as its words. `install` says what to do when it is missing. */
export function startTethered(program: string, args: readonly string[], install: string): TetheredProgram {
  const child = spawn('/bin/sh', ['-c', script, 'sh', program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  return new Tethered(program, install, child);
}

class Tethered implements TetheredProgram {
  #said = '';
  #ended: Promise<void>;
  #isOver = false;
  readonly #changed = new Set<() => void>();

  constructor(
    private readonly program: string,
    private readonly install: string,
    private readonly child: ChildProcess,
  ) {
    const hear = (chunk: Buffer) => {
      // An emulator may complain for ever; only how it began is of interest.
      if (this.#said.length < 65536) this.#said += chunk.toString();
      this.#announce();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.stdin?.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      const over = () => {
        this.#isOver = true;
        child.stdin?.destroy();
        this.#announce();
        resolve();
      };
      child.on('exit', over);
      child.on('error', over);
    });
  }

  #announce(): void {
    for (const listener of this.#changed) listener();
  }

  line(pattern: RegExp, timeoutMs: number): Promise<RegExpMatchArray> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        clearTimeout(timer);
        this.#changed.delete(look);
        act();
      };
      const timer = setTimeout(() => finish(() => reject(this.#silent(timeoutMs))), timeoutMs);
      const look = () => {
        const match = this.#said.match(pattern);
        if (match) finish(() => resolve(match));
        else if (this.#isOver) finish(() => reject(this.#died()));
      };
      this.#changed.add(look);
      look();
    });
  }

  #died(): ReflowError {
    if (this.child.exitCode === 127) {
      return new ReflowError('E_TOOL_MISSING', `${this.program} is not installed`, this.install);
    }
    const last = this.#said.trim().split('\n').at(-1) ?? '';
    return new ReflowError(
      'E_DEVICE',
      `${this.program} ended: ${last || 'it said nothing'}`,
      'run `reflow doctor`',
    );
  }

  #silent(timeoutMs: number): ReflowError {
    const seconds = timeoutMs / 1000;
    return new ReflowError(
      'E_TIMEOUT',
      `${this.program} did not start within ${seconds} s`,
      'run `reflow doctor`',
    );
  }

  async stop(): Promise<void> {
    this.child.stdin?.destroy();
    await this.#ended;
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
  }
}
