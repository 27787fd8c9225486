/** Brings an image to life: starts the emulator or the process, or opens the serial line to a board that is flashed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReflowError } from '../base/error.js';
import type { Port } from '../base/port.js';
import { openProcessPort } from '../base/process-port.js';
import { closeScratch, openScratch } from '../base/scratch.js';
import { openSerialPort } from '../base/serial-port.js';
import { startTethered } from '../base/tethered-program.js';
import type { Board } from '../hw/board.js';
import type { Image } from '../hw/image.js';

export interface OpenBoard {
  readonly port: Port;
  /** Ends everything that was started. Idempotent. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Serial port of a hardware board. */
  readonly port?: string;
  /**
   * Of a system emulator: a plug-in with its options, as `-plugin` takes them. It then runs as fast as it can instead of
   * one instruction per nanosecond, which would cut blocks of code wherever a timer ends.
   */
  readonly plugin?: string;
}

type Run<K extends Board['run']['kind']> = Extract<Board['run'], { kind: K }>;

/**
 * @throws ReflowError E_TOOL_MISSING when an emulator is not installed, E_USAGE when a hardware board gets no port, E_PORT,
 *   E_DEVICE or E_TIMEOUT when it does not start
 */
export async function openBoard(board: Board, image: Image, options: OpenOptions = {}): Promise<OpenBoard> {
  if (image.board !== board.id) {
    throw new ReflowError(
      'E_BOARD',
      `${image.name} was built for ${image.board}, not for ${board.id}`,
      `build it for ${board.id}: reflow build --board ${board.id}`,
    );
  }
  switch (board.run.kind) {
    case 'process':
      return justPort(await openProcessPort(image.elf, [], { install: 'build the image again' }));
    case 'qemu-user':
      return openUserMode(board.run, image);
    case 'qemu-system':
      return openSystem(board.run, image, options);
    case 'serial':
      return openSerial(board, board.run, options);
  }
}

const justPort = (port: Port): OpenBoard => ({ port, close: () => port.close() });

const install = (run: { readonly package: string }) => `install it: sudo apt-get install ${run.package}`;

/** The plug-in counts instructions in a file that the guest maps. */
async function openUserMode(run: Run<'qemu-user'>, image: Image): Promise<OpenBoard> {
  const folder = openScratch('reflow-counter-');
  const clean = () => closeScratch(folder);
  try {
    const counter = join(folder, 'counter');
    await writeFile(counter, new Uint8Array(8));
    const plugin = image.plugin ? ['-plugin', `${image.plugin},counter=${counter}`] : [];
    const args = [...run.args, ...plugin, image.elf];
    const port = await openProcessPort(run.program, args, {
      env: { RF_COUNTER_FILE: counter },
      install: install(run),
    });
    return { port, close: () => port.close().then(clean) };
  } catch (error) {
    await clean();
    throw error;
  }
}

const startMs = 10_000;

async function openSystem(
  run: Run<'qemu-system'>,
  image: Image,
  { plugin }: OpenOptions,
): Promise<OpenBoard> {
  const own = plugin === undefined ? run.args : [...withoutClock(run.args), '-plugin', plugin];
  const args = [...own, '-display', 'none', '-monitor', 'none', '-serial', 'pty', '-kernel', image.elf];
  const emulator = startTethered(run.program, args, install(run));
  try {
    const [, path] = await emulator.line(/redirected to (\/dev\/\S+)/, startMs);
    const port = await openSerialPort(path ?? '');
    // The emulator goes first: closing a pty whose other end still sends can wait for ever.
    return { port, close: () => emulator.stop().then(() => port.close()) };
  } catch (error) {
    await emulator.stop();
    throw error;
  }
}

function withoutClock(args: readonly string[]): string[] {
  return args.filter((arg, at) => arg !== '-icount' && args[at - 1] !== '-icount');
}

async function openSerial(board: Board, run: Run<'serial'>, { port }: OpenOptions): Promise<OpenBoard> {
  if (!port) {
    throw new ReflowError('E_USAGE', `${board.id} is a real board`, 'say where it is: --port /dev/ttyACM0');
  }
  return justPort(await openSerialPort(port, { baudRate: run.baudRate }));
}
