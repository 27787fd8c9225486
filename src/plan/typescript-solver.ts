/**
 * The PlanSolver without native code: first fit in several orders, then niche search with restarts (plain problems) or
 * a local search over orders (pair relations, fixed offsets in mid-air). Valid and often optimal, with less effort per second.
 */
import {
  type AllocationBuffer,
  type AllocationProblem,
  type AllocationSolution,
  type PlanSolver,
  type SolverLimits,
  validateAllocation,
  validateOrder,
} from './allocation.js';
import { FirstFit } from './first-fit.js';
import { NicheSearch } from './niche-search.js';
import { requireAcyclic } from './operator-peak.js';
import { OrderSearch } from './order-search.js';
import { type Sections, sectionsOf } from './sections.js';
import { seededRandom } from './seeded-random.js';

/** The recursion of the niche search takes two frames a buffer; beyond this Node's stack could overflow. */
const mostNicheBuffers = 2000;
const restartNodes = 500;

interface Best {
  offsets: number[];
  height: number;
  bound: number;
}

/** @param now seconds of any monotonic clock */
export function typescriptSolver(now: () => number): PlanSolver {
  const clock = (limits: SolverLimits) => {
    const end = now() + limits.seconds;
    return () => now() >= end;
  };
  return {
    engine: 'typescript',
    solveOffsets(problem, limits, capacity) {
      validateAllocation(problem);
      return solveOffsets(problem, limits, capacity, clock(limits));
    },
    solveOrder(problem, limits) {
      validateOrder(problem);
      requireAcyclic(problem);
      const solved = new OrderSearch(problem, clock(limits), limits.nodes ?? Number.POSITIVE_INFINITY).run();
      return { ...solved, provenOptimal: solved.peak === solved.lowerBound, engine: 'typescript' };
    },
  };
}

function solveOffsets(
  problem: AllocationProblem,
  limits: SolverLimits,
  capacity: number | undefined,
  over: () => boolean,
): AllocationSolution {
  const { buffers, pairs = [] } = problem;
  const sections = sectionsOf(buffers);
  const plain = pairs.length === 0 && standOnGround(buffers);
  const fit = new FirstFit(problem);
  const bound = plain ? sections.load.reduce((a, b) => Math.max(a, b), 0) : fit.bound(sections.members);
  const orders = startOrders(problem).map((order) => {
    const offsets = fit.place(order);
    return { order, best: { offsets, height: fit.height(offsets), bound } };
  });
  orders.sort((a, b) => a.best.height - b.best.height);
  const { order, best } = orders[0]!;
  const random = seededRandom(limits.seed);
  const nodes = limits.nodes ?? Number.POSITIVE_INFINITY;
  if (plain && buffers.length <= mostNicheBuffers)
    fillNiches(sections, problem, best, random, nodes, capacity, over);
  else improveOrder(fit, order, best, random, nodes, capacity, over);
  const { offsets, height } = best;
  const lowerBound = Math.min(best.bound, height);
  return { offsets, height, lowerBound, provenOptimal: height === lowerBound, engine: 'typescript' };
}

/** Whether at every time the fixed buffers fill the memory from 0 up without a hole: then they are the start of a skyline. */
function standOnGround(buffers: readonly AllocationBuffer[]): boolean {
  const fixed = buffers.filter((b) => b.fixedOffset !== undefined);
  fixed.sort((a, b) => a.fixedOffset! - b.fixedOffset!);
  const times = new Set(fixed.flatMap((b) => [b.lower, b.upper]));
  return [...times].every((time) => {
    let top = 0;
    return fixed.every((b) => {
      if (b.lower > time || time >= b.upper) return true;
      const stands = b.fixedOffset === top;
      top = b.fixedOffset! + b.size;
      return stands;
    });
  });
}

function startOrders({ buffers }: AllocationProblem): number[][] {
  const life = (b: number) => buffers[b]!.upper - buffers[b]!.lower;
  const size = (b: number) => buffers[b]!.size;
  const keys: ((b: number) => number)[] = [(b) => -size(b), (b) => -size(b) * life(b), (b) => -life(b)];
  const all = [...buffers.keys()];
  const orders = keys.map((key) => [...all].sort((a, b) => key(a) - key(b) || size(b) - size(a) || a - b));
  return [...orders, [...all].sort((a, b) => buffers[a]!.lower - buffers[b]!.lower || size(b) - size(a))];
}

/** The Luby sequence 1 1 2 1 1 2 4 ..., from n = 1. */
function luby(n: number): number {
  for (let size = 1; ; size = 2 * size + 1) {
    if (n === size) return (size + 1) / 2;
    if (n < 2 * size + 1) return luby(n - size);
  }
}

/** Niche search towards the bound and towards steps in between, with restarts, until solved or the effort is spent. */
function fillNiches(
  s: Sections,
  { buffers }: AllocationProblem,
  best: Best,
  random: () => number,
  nodes: number,
  capacity: number | undefined,
  over: () => boolean,
): void {
  const goal = () => Math.max(capacity ?? best.bound, best.bound);
  const fixed = [...buffers.keys()].filter((b) => buffers[b]!.fixedOffset !== undefined);
  fixed.sort((a, b) => buffers[a]!.fixedOffset! - buffers[b]!.fixedOffset!);
  const ground = fixed.map((b) => ({ buffer: b, offset: buffers[b]!.fixedOffset! }));
  const restart = Math.max(restartNodes, 2 * s.size.length);
  const lanes = (['weighted', 'fewest', 'weighted'] as const).map(
    (pick) => new NicheSearch(s, ground, pick, random, over),
  );
  const steps = capacity === undefined ? [1, 0.5, 0.2, 0.05] : [1];
  for (let round = 1; best.height > goal() && (capacity ?? best.bound) >= best.bound; round++) {
    for (const [lane, search] of lanes.entries()) {
      const greed = lane === 0 ? 1 : steps[round % steps.length]!;
      const step = Math.max(1, Math.floor((best.height - goal()) * greed));
      const target = Math.max(goal(), best.height - step);
      s.size.forEach((size, b) => {
        const width = s.last[b]! - s.first[b]!;
        const worth = lane === 2 && round % 2 === 0 ? width : width * size;
        search.priority[b] = Math.log(worth) + (round > 1 ? random() / 2 : 0);
      });
      const outcome = search.run(target, restart * luby(round));
      if (outcome === 'found') {
        best.offsets = [...search.offset];
        best.height = search.offset.reduce((top, at, b) => Math.max(top, at + s.size[b]!), 0);
      } else if (outcome === 'failed') best.bound = Math.max(best.bound, target + 1);
      if (best.height <= goal()) return;
    }
    if (over() || lanes.reduce((sum, lane) => sum + lane.nodes, 0) >= nodes) return;
  }
}

/** Moves topmost buffers, or what conflicts with them, to earlier places of the order. */
function improveOrder(
  fit: FirstFit,
  start: number[],
  best: Best,
  random: () => number,
  nodes: number,
  capacity: number | undefined,
  over: () => boolean,
): void {
  const goal = Math.max(capacity ?? best.bound, best.bound);
  const below = (n: number) => Math.floor(random() * n);
  const steps = Math.min(nodes, 500 + 50_000 / Math.max(1, start.length));
  let [order, height, offsets] = [start, best.height, best.offsets];
  for (let step = 0; step < steps && best.height > goal && !over(); step++) {
    const ends = fit.ends(offsets);
    const tops = order.filter((b) => ends[b] === height);
    let moved = tops[below(tops.length)]!;
    const near = fit.conflicts[moved]!;
    if (near.length > 0 && random() < 0.5) moved = near[below(near.length)]!.other;
    const from = order.indexOf(moved);
    const next = order.filter((b) => b !== moved);
    next.splice(below(from + 1), 0, moved);
    const placed = fit.place(next);
    const reached = fit.height(placed);
    if (reached > height && random() > 0.01) continue;
    [order, height, offsets] = [next, reached, placed];
    if (reached < best.height) [best.height, best.offsets] = [reached, placed];
  }
}
