/** Runs an image on its virtual board while the emulator's plug-in firmware/qemu/block_trace.c records what it executes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReflowError } from '../../base/error.js';
import type { Board } from '../../hw/board.js';
import type { Image } from '../../hw/image.js';
import type { Timing } from '../../hw/timing.js';
import { openBoard } from '../open-board.js';
import { runTraced, type TracedRuns } from '../run.js';
import { type BoardNetwork, Session } from '../session.js';

/** Addresses from `from` up to `to`. */
export interface AddressRange {
  readonly from: number;
  readonly to: number;
}

/** Where things lie in the image. */
export interface TracePlaces {
  /** Entry of the function that runs the network, and of the firmware's hooks around an operator. */
  readonly invoke: number;
  readonly begin: number;
  readonly end: number;
  /** What the chip would read from flash, and through its data cache from SRAM; null where it reads SRAM without one. */
  readonly flash: AddressRange;
  readonly sram: AddressRange | null;
}

export interface Trace extends TracedRuns {
  readonly text: string;
  readonly network: BoardNetwork;
}

/**
 * Traces inferences of the image's first network.
 * @param plugin path of the compiled plug-in
 * @throws ReflowError as openBoard and Session do; E_TOOL_MISSING when the emulator takes no plug-ins
 */
export async function emulateTrace(
  board: Board,
  image: Image,
  plugin: string,
  places: TracePlaces,
  timing: Timing,
  inputs: readonly Uint8Array[],
): Promise<Trace> {
  const folder = await mkdtemp(join(tmpdir(), 'reflow-trace-'));
  try {
    const file = join(folder, 'trace');
    const open = await openBoard(board, image, { plugin: pluginOptions(plugin, file, places, timing) });
    let traced: Omit<Trace, 'text'>;
    try {
      const session = await Session.start(open.port);
      const network = await session.network(0);
      traced = { ...(await runTraced(session, network, inputs)), network };
    } finally {
      await open.close();
    }
    return { ...traced, text: await readFile(file, 'utf8') };
  } catch (error) {
    if (error instanceof ReflowError && /-plugin/.test(error.message)) {
      throw new ReflowError(
        'E_TOOL_MISSING',
        'this qemu-system-arm takes no plug-ins',
        'install one with TCG plug-ins, e.g. sudo apt-get install qemu-system-arm',
        { cause: error },
      );
    }
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function pluginOptions(plugin: string, file: string, places: TracePlaces, timing: Timing): string {
  const hex = (address: number) => address.toString(16);
  const range = ({ from, to }: AddressRange) => `${hex(from)}-${hex(to)}`;
  const cache = (one: Timing['dataCache']) => `${one.sets}x${one.ways}x${one.lineBytes}`;
  const { invoke, begin, end, flash, sram } = places;
  return [
    plugin,
    `out=${file}`,
    `invoke=${hex(invoke)}`,
    `begin=${hex(begin)}`,
    `end=${hex(end)}`,
    `flash=${range(flash)}`,
    `data=${cache(timing.dataCache)}`,
    ...(sram ? [`sram=${range(sram)}`] : []),
    ...(timing.core === 'cortex-m7' ? [`fetch=${cache(timing.fetchCache)}`] : []),
  ].join(',');
}
