/**
 * Which operators write their rows over dying ones: each alone may lower the peak of a segment or raise it, so they are tried
 * one by one in the segment that has the highest peak, as long as that sinks.
 */
import type { Cuts, Segment } from './cut-segments.js';
import { fastestWithin, scratchOf } from './cut-segments.js';
import type { RowGraph, RowOp } from './row-graph.js';
import { SegmentNeeds } from './segment-need.js';

interface Cut {
  readonly rows: RowGraph;
  readonly cuts: Cuts;
}

/** How an operator may shift its rows: not, where little is wasted, or always. */
const ways = [
  { shiftBytes: null, wasteful: false },
  { shiftBytes: 0, wasteful: false },
  { shiftBytes: 0, wasteful: true },
] as const;

/**
 * @param shifting the same graph with every shift that operators allow
 * @param instructions that all operators may take together
 */
export function searchShifts(shifting: RowGraph, start: Cut, instructions: number): Cut {
  // A chain of operators whose rows nobody may shift, or none at all, has nothing to try.
  if (shifting.ops.every(({ shiftBytes }) => shiftBytes === null)) return start;
  let best = start;
  let steps = mostTriedSteps;
  for (;;) {
    const needs = new SegmentNeeds(best.rows);
    const peaks = best.cuts.segments.map(({ first, last }) => needs.peak(first, last));
    const peakBytes = peaks.reduce((most, peak) => Math.max(most, peak), 0);
    const highest = best.cuts.segments[peaks.indexOf(peakBytes)]!;
    const others = best.cuts.segments.filter((segment) => segment !== highest);
    const room = instructions - others.reduce((sum, segment) => sum + costOf(best.rows, segment), 0);
    const trial = new Trial(shifting, best.rows, highest, room);
    steps -= trial.lower(peakBytes, steps);
    if (trial.peakBytes >= peakBytes) return best;
    const rows = trial.rows;
    const sum = best.cuts.segments.reduce((all, segment) => all + costOf(rows, segment), 0);
    const rest = others.map((segment) => peaks[best.cuts.segments.indexOf(segment)]!);
    const lowered = Math.max(trial.peakBytes, ...rest);
    best = { rows, cuts: { ...best.cuts, peakBytes: lowered, instructions: sum } };
  }
}

/** Steps that are simulated at most. */
const mostTriedSteps = 400_000;

function costOf({ ops }: RowGraph, { first, last }: Segment): number {
  return ops.slice(first, last).reduce((sum, { kernels, kernel }) => {
    const { whole, byRow } = kernels[kernel]!.instructions;
    return sum + (last - first === 1 ? whole : byRow);
  }, 0);
}

/** Changes to one segment. */
class Trial {
  peakBytes = Number.POSITIVE_INFINITY;
  rows: RowGraph;

  constructor(
    private readonly shifting: RowGraph,
    start: RowGraph,
    private readonly segment: Segment,
    private readonly room: number,
  ) {
    this.rows = start;
  }

  /** Takes every change that lowers the peak below `limit`; returns the steps that it simulated. */
  lower(limit: number, mostSteps: number): number {
    const { first, last } = this.segment;
    const each = this.rows.ops.slice(first, last).reduce((sum, { steps }) => sum + steps, 0);
    let steps = 0;
    this.peakBytes = limit;
    for (let position = first; position < last; position++) {
      const lead = this.shifting.ops[position]!.shiftBytes;
      if (lead === null) continue;
      for (const way of ways) {
        if (steps + each > mostSteps) return steps;
        const shiftBytes = way.shiftBytes === null ? null : lead;
        const op = this.rows.ops[position]!;
        if (op.shiftBytes === shiftBytes && op.shiftsWastefully === way.wasteful) continue;
        steps += each;
        this.#try(position, { ...op, shiftBytes, shiftsWastefully: way.wasteful });
      }
    }
    return steps;
  }

  #try(position: number, op: RowOp): void {
    const { first, last } = this.segment;
    const rows: RowGraph = { ...this.rows, ops: this.rows.ops.with(position, op) };
    const live = new SegmentNeeds(rows).live(first, last);
    const ops = rows.ops.slice(first, last);
    const peak = leastPeak(ops, live, this.room, this.peakBytes);
    if (peak === null) return;
    this.peakBytes = peak;
    const chosen = [...rows.ops];
    for (const [i, one] of ops.entries()) {
      const kernel = fastestWithin(one, live[i]!, peak)!;
      chosen[first + i] = { ...one, kernel, scratchBytes: one.kernels[kernel]!.scratchBytes };
    }
    this.rows = { ...rows, ops: chosen };
  }
}

/** The smallest peak below `limit` that kernels within a number of instructions allow; null when none is. */
function leastPeak(ops: readonly RowOp[], live: Float64Array, room: number, limit: number): number | null {
  const peaks = ops.flatMap((op, i) => op.kernels.map((_, kernel) => live[i]! + scratchOf(op, kernel)));
  const below = [...new Set(peaks)].filter((peak) => peak < limit).sort((a, b) => a - b);
  const whole = ops.length === 1;
  const cost = (bound: number) =>
    ops.reduce((sum, op, i) => {
      const kernel = fastestWithin(op, live[i]!, bound);
      if (kernel === null) return Number.POSITIVE_INFINITY;
      const { instructions } = op.kernels[kernel]!;
      return sum + (whole ? instructions.whole : instructions.byRow);
    }, 0);
  const isAllowed = (bound: number) => {
    const sum = cost(bound);
    return sum < Number.POSITIVE_INFINITY && sum <= room;
  };
  let [low, high] = [0, below.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAllowed(below[middle]!)) high = middle;
    else low = middle + 1;
  }
  return below[low] ?? null;
}
