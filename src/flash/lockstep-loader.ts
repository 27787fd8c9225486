/**
 * For tests: resident loaders (their own C, runtime-c/test/loader_lockstep.c) at the end of a SimLine. What a board does to a
 * chunk of bytes is done when the call returns, so that thousands of boards run on a VirtualClock, minutes in milliseconds.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { assetPath } from '../base/assets.js';

export interface LockstepBoard {
  readonly base: number;
  readonly bytes: number;
  readonly wordBytes: number;
  readonly ecc: boolean;
  readonly sectorBytes: number;
  /** Address of a flash word that acknowledges programming and stays as it is; 0 for none. */
  readonly stuckAt: number;
}

export interface LockstepState {
  isOn: boolean;
  /** Words with ECC that were programmed twice. */
  reprograms: number;
  erases: number;
  starts: number;
}

/** One process, one board at a time. */
export class LockstepLoader {
  state: LockstepState = { isOn: false, reprograms: 0, erases: 0, starts: 0 };
  readonly #child: ChildProcess;
  readonly #input: number;
  readonly #output: number;

  /** Compiles it with the sanitizers and starts it; its files lie in `folder`. */
  constructor(folder: string) {
    const program = join(folder, 'loader_lockstep');
    const sources = ['rf_wire.c', 'rf_loader.c', 'rf_serve.c', join('test', 'loader_lockstep.c')];
    execFileSync('cc', [
      ...['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-O2', '-g'],
      ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-DRF_WIRE_DATA_BYTES=2048'],
      ...['-I', assetPath('runtime-c'), '-I', assetPath('runtime-c', 'test')],
      ...sources.map((name) => assetPath('runtime-c', name)),
      ...['-o', program],
    ]);
    const [input, output] = [join(folder, 'to-board'), join(folder, 'from-board')];
    execFileSync('mkfifo', [input, output]);
    this.#child = spawn('sh', ['-c', 'exec "$0" <"$1" >"$2"', program, input, output], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#input = openSync(input, 'w');
    this.#output = openSync(output, 'r');
  }

  /** Puts another board there, erased and switched off. */
  place(board: LockstepBoard): void {
    const { base, bytes, wordBytes, ecc, sectorBytes, stuckAt } = board;
    this.#command('B', words(base, bytes, wordBytes, ecc ? 1 : 0, sectorBytes, stuckAt));
  }

  /** The flash holds these bytes from its base on. */
  preset(bytes: Uint8Array): void {
    this.#command('I', bytes);
  }

  /**
   * @param cut words or erases until the supply fails; negative: never
   * @param first what runs before the loader: `application` makes way when asked, `old-application` cannot
   */
  switchOn(cut: number, first: 'loader' | 'application' | 'old-application'): void {
    this.#command('P', words(cut, ['loader', 'application', 'old-application'].indexOf(first)));
  }

  /** Bytes to the board's line; returns what it sends. */
  push(bytes: Uint8Array): Uint8Array {
    return this.#command('D', bytes);
  }

  flash(length: number): Uint8Array {
    return this.#command('F', words(length));
  }

  stop(): void {
    closeSync(this.#input);
    closeSync(this.#output);
    this.#child.kill();
  }

  #command(code: string, payload: Uint8Array): Uint8Array {
    const head = Buffer.alloc(5);
    head.write(code, 'latin1');
    head.writeUInt32LE(payload.length, 1);
    const command = Buffer.concat([head, payload]);
    for (let sent = 0; sent < command.length; ) sent += writeSync(this.#input, command, sent);
    const answer = this.#read(20);
    const [isOn, reprograms, erases, starts, length] = [0, 4, 8, 12, 16].map((at) => answer.readUInt32LE(at));
    this.state = { isOn: isOn === 1, reprograms: reprograms!, erases: erases!, starts: starts! };
    return this.#read(length!);
  }

  #read(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; ) {
      const count = readSync(this.#output, bytes, at, length - at, null);
      if (count === 0) throw new Error('the loader ended: its message is above');
      at += count;
    }
    return bytes;
  }
}

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values, (value) => value | 0).buffer);
}
