/**
 * A pseudo-terminal whose device end is a Port. Node cannot open one itself, so `socat` (a separate program) holds it;
 * everything else sees only `openPtyLine`.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { ReflowError } from '../base/error.js';
import type { Port } from '../base/port.js';
import { startError } from '../base/processes.js';
import { openScratch } from '../base/scratch.js';
import { realClock, sleep } from './line-clock.js';

export interface PtyLine {
  /** What a serial program opens. */
  readonly path: string;
  /** What the device reads and writes. It has no modem lines, baud rate or parity. */
  readonly device: Port;
  /**
   * How long a byte takes from a client to the device, ms: median of some tries. For a pacer that must not count this
   * rig's own transport as time on the line; while no client has the path open.
   */
  measureTransport(): Promise<number>;
  /** Ends socat; whoever has the path open sees a hang-up. Idempotent. */
  close(): Promise<void>;
}

type Socat = ChildProcessByStdio<Writable, Readable, null>;

/** @throws ReflowError E_TOOL_MISSING without socat, E_PORT when no terminal appears within two seconds */
export async function openPtyLine(): Promise<PtyLine> {
  const folder = openScratch('reflow-pty-');
  const path = join(folder, 'tty');
  const socat = spawn('socat', ['STDIO', `PTY,raw,echo=0,link=${path}`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let failed: Error | null = null;
  socat.on('error', (error) => {
    failed = error;
  });
  socat.stdin.on('error', () => {});
  for (let waits = 0; !existsSync(path); waits++) {
    if (failed || waits === 200) {
      socat.kill();
      rmSync(folder, { recursive: true, force: true });
      throw failed
        ? startError('socat', 'sudo apt-get install socat', failed)
        : new ReflowError('E_PORT', 'socat opened no terminal', 'try again; see socat -V');
    }
    await sleep(realClock, 10);
  }
  // As long as somebody holds the terminal open, a client that closes it does not end socat.
  const held = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  const ended = new Promise<void>((resolve) => socat.once('exit', () => resolve()));
  let open = true;
  const close = async () => {
    if (open) {
      open = false;
      closeSync(held);
      socat.kill();
      rmSync(folder, { recursive: true, force: true });
    }
    await ended;
  };
  const device = devicePort(path, socat, close);
  return { path, device, measureTransport: () => medianTransport(held, device), close };
}

async function medianTransport(terminal: number, device: Port): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < 21; i++) {
    const begin = performance.now();
    const arrived = new Promise<void>((resolve) => {
      const stop = device.onData(() => {
        stop();
        resolve();
      });
    });
    writeSync(terminal, Uint8Array.of(0));
    await arrived;
    took.push(performance.now() - begin);
  }
  return took.sort((a, b) => a - b)[10]!;
}

function devicePort(path: string, socat: Socat, close: () => Promise<void>): Port {
  return {
    path,
    write: (bytes) =>
      new Promise((resolve, reject) =>
        socat.stdin.write(bytes, (error) => (error ? reject(error) : resolve())),
      ),
    onData(listener) {
      socat.stdout.on('data', listener);
      return () => socat.stdout.off('data', listener);
    },
    onLost(listener) {
      const lost = () => listener(new Error('the terminal was closed'));
      socat.once('exit', lost);
      return () => socat.off('exit', lost);
    },
    setLines: async () => false,
    setLine: async () => {},
    close,
  };
}
