/**
 * Cycles of a piece of a trace on a chip. Pure.
 *
 * Every pair of blocks that followed each other is costed once, the second behind the first, and counts as often as it
 * happened; memory terms are counts times the chip's constants. Source of form and constants: docs/cycles.md.
 */
import type { Timing } from '../../hw/timing.js';
import { type Block, endsInChoice, isTaken } from './block.js';
import { m4Cycles } from './m4-cycles.js';
import { m7Cycles } from './m7-cycles.js';
import { type Edge, instructionsOf, type Window } from './trace.js';

/** What cycles are spent on. */
export const causes = [
  /** Instructions themselves; on a Cortex-M7 with all that they wait for in the core. */
  'issue',
  /** Cycles of loads and stores beyond their first. */
  'loads',
  /** Filling the pipeline behind taken branches. */
  'branches',
  /** Words and halfwords that do not lie at a multiple of their size. */
  'unaligned',
  /** Constants and weights read from flash. */
  'flashData',
  /** Code read from flash. */
  'fetch',
  /** Lines of SRAM that the data cache does not have. */
  'sram',
  /** Branches that went the other way than predicted. */
  'mispredicts',
] as const;

export type Cause = (typeof causes)[number];

export interface CycleCost {
  readonly instructions: number;
  readonly cycles: number;
  /** Sums up to `cycles`. */
  readonly byCause: Readonly<Record<Cause, number>>;
}

export function costOf(window: Window, timing: Timing): CycleCost {
  const byCause = {
    ...{ issue: 0, loads: 0, branches: 0, unaligned: 0, flashData: 0, fetch: 0, sram: 0, mispredicts: 0 },
    ...(timing.core === 'cortex-m4' ? m4Cost(window, timing) : m7Cost(window, timing)),
  };
  const cycles = causes.reduce((sum, cause) => sum + byCause[cause], 0);
  return { instructions: instructionsOf(window), cycles, byCause };
}

type TimingOf<C extends Timing['core']> = Extract<Timing, { core: C }>;
type Costs = Partial<Record<Cause, number>>;

function m4Cost({ edges, memory }: Window, { constants, fetchWordBytes }: TimingOf<'cortex-m4'>): Costs {
  const core = { issue: 0, loads: 0, branches: 0 };
  let fetches = 0;
  for (const { from, to, count } of edges) {
    const { issue, loads, branches } = m4Cycles(from, to);
    core.issue += count * issue;
    core.loads += count * loads;
    core.branches += count * branches;
    fetches += count * fetchWords(from, to, fetchWordBytes);
  }
  return {
    ...core,
    unaligned: memory.half + memory.wordAtHalf + 2 * memory.wordAtByte,
    flashData:
      memory.flashLoads * constants.flashLoad.cycles + memory.flashMisses * constants.flashLine.cycles,
    fetch: fetches * constants.fetchWord.cycles,
  };
}

/** How often the word of memory changes that instructions are fetched from, up to the end of `block`. */
function fetchWords(from: Block | null, block: Block, wordBytes: number): number {
  const word = (address: number) => Math.floor(address / wordBytes);
  const before = from === null ? null : word(from.end - 2);
  return word(block.end - 2) - word(block.address) + (before === word(block.address) ? 0 : 1);
}

function m7Cost({ edges, memory }: Window, { constants }: TimingOf<'cortex-m7'>): Costs {
  const line = constants.flashLine.cycles;
  return {
    issue: edges.reduce((sum, { from, to, count }) => sum + count * m7Cycles(from, to), 0),
    flashData: memory.flashMisses * line,
    fetch: memory.fetchMisses * line,
    sram: memory.sramMisses * constants.sramLine.cycles,
    mispredicts: mispredictions(edges) * constants.mispredict.cycles,
  };
}

/** A branch that may be taken or not is predicted to go the way that it goes more often. */
function mispredictions(edges: readonly Edge[]): number {
  const ways = new Map<number, { taken: number; passed: number }>();
  for (const { from, to, count } of edges) {
    if (!from || !endsInChoice(from)) continue;
    const way = ways.get(from.end) ?? { taken: 0, passed: 0 };
    if (isTaken(from, to)) way.taken += count;
    else way.passed += count;
    ways.set(from.end, way);
  }
  return [...ways.values()].reduce((sum, { taken, passed }) => sum + Math.min(taken, passed), 0);
}
