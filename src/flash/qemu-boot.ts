/**
 * Boots the bytes of a virtual flash in QEMU (a separate program), its UART on the very line over which they were
 * flashed: what was written is what runs. Machine netduinoplus2: an STM32F405's memory map and USARTs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { ReflowError } from '../base/error.js';
import type { Port } from '../base/port.js';
import { startError } from '../base/processes.js';
import { openScratch } from '../base/scratch.js';
import { realClock, sleep } from './line-clock.js';

export interface QemuOptions {
  /** USART that the line reaches, 1 (default) to 6. */
  readonly usart?: number;
  /** One nanosecond per instruction, so that TIM2 counts instructions (default true). */
  readonly countInstructions?: boolean;
}

export interface QemuBoard {
  /** Resolves when QEMU has ended, by itself or by close(). */
  readonly ended: Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * @param flash contents from the start of flash
 * @param line the device's end of the line; bytes that arrive before the UART is there are kept
 * @throws ReflowError E_TOOL_MISSING without QEMU, E_TARGET when it does not come up within five seconds
 */
export async function bootInQemu(
  flash: Uint8Array,
  line: Port,
  options: QemuOptions = {},
): Promise<QemuBoard> {
  const early: Uint8Array[] = [];
  const stopKeeping = line.onData((bytes) => early.push(bytes.slice()));
  const folder = openScratch('reflow-qemu-');
  const [image, socketPath] = [join(folder, 'image.bin'), join(folder, 'uart')];
  const used = flash.findLastIndex((byte) => byte !== 0xff) + 1;
  writeFileSync(image, flash.subarray(0, used));
  const silent = Array.from({ length: (options.usart ?? 1) - 1 }, () => ['-serial', 'null']).flat();
  const counting = options.countInstructions === false ? [] : ['-icount', 'shift=0,sleep=off'];
  const machine = ['-M', 'netduinoplus2', '-kernel', image, '-display', 'none', '-monitor', 'none'];
  const uart = ['-serial', `unix:${socketPath},server=on,wait=on`];
  const qemu = spawn('qemu-system-arm', [...machine, ...counting, ...silent, ...uart], { stdio: 'ignore' });
  const kill = () => qemu.kill('SIGKILL');
  process.once('exit', kill);
  let failed: Error | null = null;
  const ended = new Promise<void>((resolve) => {
    qemu.once('exit', () => resolve());
    qemu.once('error', (error) => {
      failed = error;
      resolve();
    });
  }).finally(() => {
    process.off('exit', kill);
    rmSync(folder, { recursive: true, force: true });
  });
  try {
    const socket = await connectUart(socketPath, qemu, () => failed);
    stopKeeping();
    for (const bytes of early) socket.write(bytes);
    const stop = line.onData((bytes) => socket.write(bytes));
    socket.on('data', (bytes) => void line.write(bytes).catch(() => {}));
    socket.on('error', () => {});
    void ended.then(stop);
    return {
      ended,
      close: async () => {
        socket.destroy();
        qemu.kill();
        await ended;
      },
    };
  } catch (error) {
    stopKeeping();
    qemu.kill();
    throw error;
  }
}

async function connectUart(path: string, qemu: ChildProcess, failure: () => Error | null): Promise<Socket> {
  for (let waits = 0; waits < 250; waits++) {
    const error = failure();
    if (error) throw startError('qemu-system-arm', 'sudo apt-get install qemu-system-arm', error);
    if (qemu.exitCode !== null) break;
    const socket = await tryConnect(path);
    if (socket) return socket;
    await sleep(realClock, 20);
  }
  throw new ReflowError(
    'E_TARGET',
    'QEMU did not open its UART',
    'run qemu-system-arm -M netduinoplus2 by hand',
  );
}

function tryConnect(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', () => resolve(null));
  });
}
