/**
 * Offsets for lives. A resident input lies in one piece and its rows die from the first on, so it is put at the end of the
 * arena: seen from there, what is left of it is a skyline that sinks, on which everything else is stacked. The solver
 * works in that upside-down memory, where the input stands on the ground.
 */
import { alignUp, wordBytes } from './alignment.js';
import type { AllocationBuffer, AllocationSolution, PlanSolver, SolverLimits } from './allocation.js';
import type { RowLife } from './row-lives.js';

export interface Placement {
  /** One per life, bytes from the start of the arena. */
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
  /** No layout of these lives is smaller. */
  readonly lowerBoundBytes: number;
}

/**
 * A layout of all lives. Where odd sizes keep the search from its bound, sizes are tried that are rounded up to a coarser
 * grid: they leave no holes that nothing fits into.
 * @param capacity bytes; any layout within it will do
 */
export function placeLives(
  lives: readonly RowLife[],
  solver: PlanSolver,
  limits: SolverLimits,
  capacity = 0,
): Placement {
  const exact = placeOnGrid(lives, solver, shareOf(limits, exactShare), 1);
  let best = exact;
  for (const grid of grids) {
    if (best.arenaBytes <= Math.max(capacity, best.lowerBoundBytes)) break;
    if (mostLiveBytes(lives, grid) >= best.arenaBytes) continue;
    const { lowerBoundBytes } = exact;
    const share = shareOf(limits, (1 - exactShare) / grids.length);
    const patient = { ...share, seconds: limits.seconds * mostGridTime };
    const coarse = placeOnGrid(lives, solver, patient, grid);
    if (coarse.arenaBytes < best.arenaBytes) best = { ...coarse, lowerBoundBytes };
  }
  return best;
}

/** The coarsest first, which are the easiest. */
const grids = [256, 128, 64, 32, 16];
const exactShare = 0.5;
/** Of the time, for each grid: on a busy machine more than its share of nodes takes, so that the plan stays the same. */
const mostGridTime = 0.3;

function shareOf({ seconds, nodes, seed }: SolverLimits, share: number): SolverLimits {
  return {
    seconds: seconds * share,
    seed,
    ...(nodes === undefined ? {} : { nodes: Math.ceil(nodes * share) }),
  };
}

function placeOnGrid(
  lives: readonly RowLife[],
  solver: PlanSolver,
  limits: SolverLimits,
  grid: number,
): Placement {
  const input = inputRows(lives);
  const free = lives.filter(({ fixedOffset }) => fixedOffset === null);
  const buffers = [...ground(input), ...free.map((life) => bufferOf(life, grid))];
  const solution = solver.solveOffsets({ buffers }, limits);
  if (input.length > 0) return turned(lives, free, input, solution);
  const height = free.reduce((most, life, i) => Math.max(most, solution.offsets[i]! + sizeOf(life)), 0);
  return upright({ ...solution, height });
}

function upright({ offsets, height, lowerBound }: AllocationSolution): Placement {
  const arenaBytes = alignUp(height, wordBytes);
  return { offsets, arenaBytes, lowerBoundBytes: lowerBound };
}

function turned(
  lives: readonly RowLife[],
  free: readonly RowLife[],
  input: readonly RowLife[],
  { offsets, height, lowerBound }: AllocationSolution,
): Placement {
  // Counted from a multiple of every alignment, offsets from the end are aligned like those from the start.
  const coarsest = free.reduce((most, { alignment }) => Math.max(most, alignment), wordBytes);
  const arenaBytes = alignUp(height, coarsest);
  const inputAt = arenaBytes - inputBytes(input);
  const places = new Map(
    free.map((life, i) => [life, arenaBytes - offsets[offsets.length - free.length + i]! - sizeOf(life)]),
  );
  return {
    offsets: lives.map((life) => places.get(life) ?? inputAt + life.fixedOffset!),
    arenaBytes,
    lowerBoundBytes: lowerBound,
  };
}

/** Most bytes alive at once, sizes rounded up to a grid: no layout of these lives is smaller. */
export function mostLiveBytes(lives: readonly RowLife[], grid = 1): number {
  const end = lives.reduce((most, { last }) => Math.max(most, last), 0);
  const changes = new Float64Array(end + 1);
  for (const life of lives) {
    const bytes = life.fixedOffset === null ? alignUp(sizeOf(life), grid) : sizeOf(life);
    changes[life.first]! += bytes;
    changes[life.last]! -= bytes;
  }
  let live = 0;
  return changes.reduce((most, change) => {
    live += change;
    return Math.max(most, live);
  }, 0);
}

function inputRows(lives: readonly RowLife[]): RowLife[] {
  const rows = lives.filter(({ fixedOffset }) => fixedOffset !== null);
  return rows.sort((a, b) => a.fixedOffset! - b.fixedOffset!);
}

function inputBytes(input: readonly RowLife[]): number {
  const last = input.at(-1)!;
  return alignUp(last.fixedOffset! + last.bytes, wordBytes);
}

/** The input's rows upside down: the last one lies on the ground, and no row leaves before those that lie on it. */
function ground(input: readonly RowLife[]): AllocationBuffer[] {
  if (input.length === 0) return [];
  const all = inputBytes(input);
  const tops = input.map(({ fixedOffset }) => alignUp(all - fixedOffset!, wordBytes));
  let upper = 0;
  return input.flatMap(({ first, last }, row) => {
    upper = Math.max(upper, last);
    const fixedOffset = tops[row + 1] ?? 0;
    const size = tops[row]! - fixedOffset;
    return size === 0 ? [] : [{ lower: first, upper, size, fixedOffset }];
  });
}

/** Whole multiples of the alignment, so that a buffer can be counted from either end. */
function sizeOf({ bytes, alignment }: RowLife): number {
  return alignUp(bytes, alignment);
}

function bufferOf(life: RowLife, grid: number): AllocationBuffer {
  const size = alignUp(sizeOf(life), grid);
  return { lower: life.first, upper: life.last, size, alignment: life.alignment };
}
