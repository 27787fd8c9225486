/**
 * The time that a network takes on a chip which is not here: its code runs on a virtual board of the same instruction set, the
 * instructions that were executed are costed by a model of the chip. docs/cycles.md.
 */
import { join } from 'node:path';
import { ReflowError } from '../base/error.js';
import { files } from '../base/files.js';
import { buildPlugin } from '../build/build-plugin.js';
import { elfBytes, elfSections, elfSymbols } from '../build/elf.js';
import { type Board, memoryFor } from '../hw/board.js';
import { boardById, type Catalogue, targetOf } from '../hw/catalogue.js';
import type { Image } from '../hw/image.js';
import { type Timing, worstErrorPercent } from '../hw/timing.js';
import { type CycleCost, causes } from '../profile/cycles/cost.js';
import { type AddressRange, emulateTrace, type TracePlaces } from '../profile/cycles/emulate-trace.js';
import { modelCycles } from '../profile/cycles/model.js';
import type { RunReport } from '../profile/session.js';
import { inScratchFolder } from './on-board.js';
import type { Planned } from './plan.js';
import type { ModelledCost, ModelledTime } from './results.js';

/** What a modelled time is not about. */
const notIncluded = ['interrupts', 'an operating system', 'DMA', 'external memory', 'receiving the input'];

/** A board whose chip has a model. */
export type TimedBoard = Board & { readonly timing: Timing; readonly clockHz: number };

/** @throws ReflowError E_UNSUPPORTED when there is no validated model of the board's chip; the hint lists those that have one */
export function timedBoard(catalogue: Catalogue, id: string): TimedBoard {
  const board = boardById(catalogue, id);
  if (isTimed(board)) return board;
  const known = catalogue.boards.filter(isTimed).map((other) => other.id);
  throw new ReflowError(
    'E_UNSUPPORTED',
    `no model of cycles has been validated for ${id} (${board.target})`,
    `count instructions on a virtual board, or choose one of: ${known.join(', ')}`,
  );
}

function isTimed(board: Board): board is TimedBoard {
  return board.timing !== undefined && board.clockHz !== null;
}

export interface Modelled {
  readonly time: ModelledTime;
  /** Of the emulator's inference. */
  readonly report: RunReport;
}

/**
 * @param planned of the network that is in `image`, with resident input
 * @param image built for the virtual board that `board.timing` names
 * @param inputs whole, one for each of the network
 * @throws ReflowError E_BUILD for an image of a streamed plan; as emulateTrace does
 */
export async function modelTime(
  { graph, project }: Planned,
  image: Image,
  board: TimedBoard,
  catalogue: Catalogue,
  inputs: readonly Uint8Array[],
): Promise<Modelled> {
  const { timing } = board;
  const emulator = boardById(catalogue, timing.emulator);
  const elf = await files.read(image.elf);
  const places = tracePlaces(elf, graph.name, board, emulator);
  const trace = await inScratchFolder(async (folder) => {
    await files.writeFolder(folder, new Map());
    const plugin = join(folder, 'block_trace.so');
    await buildPlugin('block_trace.c', plugin, targetOf(catalogue, boardById(catalogue, 'host')));
    return emulateTrace(emulator, image, plugin, places, timing, inputs);
  });
  const { operators } = trace.network;
  const { whole, operators: costs } = modelCycles(
    trace.text,
    elfBytes(elf),
    trace.operators,
    operators.length,
    timing,
  );
  const macs = new Map(project.ops.map((op) => [op.index, op.macs]));
  const ms = (1000 * Math.round(whole.cycles)) / board.clockHz;
  const time: ModelledTime = {
    source: 'modelled',
    board: board.id,
    clockHz: board.clockHz,
    emulator: emulator.id,
    imageHash: image.hash,
    ms,
    lowMs: ms * (1 - timing.intervalPercent / 100),
    highMs: ms * (1 + timing.intervalPercent / 100),
    intervalPercent: timing.intervalPercent,
    validation: {
      runs: timing.validation.length,
      worstErrorPercent: worstErrorPercent(timing),
      source: timing.source,
    },
    notIncluded,
    ...costResult(whole),
    perOp: costs.map((cost, position) => {
      const { index, kind } = operators[position]!;
      return { index, kind, macs: macs.get(index) ?? 0, ...costResult(cost) };
    }),
  };
  return { time, report: trace.report };
}

function costResult({ instructions, cycles, byCause }: CycleCost): ModelledCost {
  const rounded = causes.map((cause) => [cause, Math.round(byCause[cause])] as const);
  return {
    instructions,
    cycles: Math.round(cycles),
    byCause: Object.fromEntries(rounded.filter(([, value]) => value > 0)),
  };
}

/** Where a traced image has what the trace needs to know. @throws ReflowError E_BUILD */
export function tracePlaces(
  elf: Uint8Array,
  network: string,
  board: TimedBoard,
  emulator: Board,
): TracePlaces {
  const symbols = elfSymbols(elf);
  const at = (name: string) => {
    const value = symbols.get(name);
    if (value === undefined || value === null) {
      throw new ReflowError('E_BUILD', `the image has not one function ${name}`, 'build it with this reflow');
    }
    return value & ~1; // the lowest bit says that it is Thumb code
  };
  return {
    invoke: at(`${network}_invoke_hooked`),
    begin: at('on_begin'),
    end: at('on_end'),
    flash: rangeOf(memoryFor(emulator, 'code')),
    sram: cachedRam(elf, board, emulator),
  };
}

/** What of the emulator's RAM lies behind the data cache on the chip. */
function cachedRam(elf: Uint8Array, board: TimedBoard, emulator: Board): AddressRange | null {
  const isTight = (use: 'arena' | 'stack') => board.timing.tightMemories.includes(memoryFor(board, use).name);
  if (isTight('arena')) return null;
  if (!isTight('stack')) return rangeOf(memoryFor(emulator, 'arena'));
  const arena = elfSections(elf).find(({ name }) => name === '.arena');
  return arena ? rangeOf({ base: arena.address, bytes: arena.bytes }) : null;
}

function rangeOf({ base, bytes }: { readonly base: number; readonly bytes: number }): AddressRange {
  return { from: base, to: base + bytes };
}
