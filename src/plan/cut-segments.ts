/**
 * Where to cut the operators into segments that run row by row: the smallest peak of live bytes over all cuts, by dynamic
 * programming over positions, and among those the least streaming.
 */

import type { RowGraph } from './row-graph.js';
import { alignUp, inPlacePair, scratchAlignment, unitBytesOf } from './row-lives.js';
import { type RowStep, segmentSteps } from './row-schedule.js';

export interface Segment {
  readonly first: number;
  readonly last: number;
}

export interface Cuts {
  readonly segments: readonly Segment[];
  /** Largest number of live bytes at one step. */
  readonly peakBytes: number;
}

/**
 * @param maxLength no segment has more operators; 1 gives layer by layer
 */
export function cutSegments(graph: RowGraph, maxLength: number): Cuts {
  const count = graph.ops.length;
  const peaks = new Map<number, number>();
  const peakOf = (first: number, last: number, limit: number): number => {
    const at = first * (count + 1) + last;
    const known = peaks.get(at);
    if (known !== undefined && (known < Number.POSITIVE_INFINITY || limit <= 0)) return known;
    const peak = segmentPeak(graph, first, last, limit);
    peaks.set(at, peak);
    return peak;
  };
  const best = new Float64Array(count + 1).fill(Number.POSITIVE_INFINITY);
  best[0] = 0;
  for (let last = 1; last <= count; last++) {
    for (let first = last - 1; first >= Math.max(0, last - maxLength); first--) {
      if (best[first]! >= best[last]!) continue;
      best[last] = Math.min(best[last]!, Math.max(best[first]!, peakOf(first, last, best[last]!)));
    }
  }
  return { segments: leastStreaming(graph, peakOf, best[count]!, maxLength), peakBytes: best[count]! };
}

/** Segments whose peaks stay within the bound and that stream as few steps as possible. */
function leastStreaming(
  graph: RowGraph,
  peakOf: (first: number, last: number, limit: number) => number,
  bound: number,
  maxLength: number,
): Segment[] {
  const count = graph.ops.length;
  const cost = new Float64Array(count + 1).fill(Number.POSITIVE_INFINITY);
  const from = new Int32Array(count + 1);
  cost[0] = 0;
  for (let last = 1; last <= count; last++) {
    let streamed = 0;
    for (let first = last - 1; first >= Math.max(0, last - maxLength); first--) {
      streamed += graph.ops[first]!.steps;
      const total = cost[first]! + (last - first === 1 ? 0 : streamed);
      if (total < cost[last]! && peakOf(first, last, bound + 1) <= bound) {
        cost[last] = total;
        from[last] = first;
      }
    }
  }
  const segments: Segment[] = [];
  for (let last = count; last > 0; last = from[last]!) segments.unshift({ first: from[last]!, last });
  return segments;
}

/** Peak of live bytes while a segment runs; Infinity as soon as it reaches `limit`. */
function segmentPeak(graph: RowGraph, first: number, last: number, limit: number): number {
  let live = 0;
  for (const tensor of graph.tensors.values()) {
    const exists = tensor.producer === null || tensor.producer < first;
    if (exists && (tensor.isOutput || tensor.readers.some((reader) => reader >= first)))
      live += unitBytesOf(tensor) * tensor.units;
  }
  if (live >= limit) return Number.POSITIVE_INFINITY;
  const steps = segmentSteps(graph, first, last);
  const dying = deaths(graph, steps, last);
  const born = new Set<number>();
  let peak = live;
  for (const [time, { op: position, y }] of steps.entries()) {
    const op = graph.ops[position]!;
    let fresh = 0;
    for (const { tensor } of op.outputs) {
      const unit = unitKey(tensor, graph.tensors.get(tensor)!.units === 1 ? 0 : y);
      if (born.has(unit)) continue;
      born.add(unit);
      fresh += unitBytesOf(graph.tensors.get(tensor)!);
    }
    const scratch = alignUp(op.scratchBytes, scratchAlignment);
    if (op.scratchKept && y === 0) live += scratch;
    const during = op.scratchKept ? 0 : scratch;
    peak = Math.max(peak, live + fresh + during - savedInPlace(graph, op, y, time, dying));
    if (peak >= limit) return Number.POSITIVE_INFINITY;
    live += fresh - (dying.bytesAt.get(time) ?? 0);
    if (op.scratchKept && y === op.steps - 1) live -= scratch;
  }
  return peak;
}

const unitKey = (tensor: number, row: number) => tensor * 65_536 + row;

interface Deaths {
  readonly at: ReadonlyMap<number, number>;
  readonly bytesAt: ReadonlyMap<number, number>;
}

/** After which step of the segment each unit dies; units that later segments read do not. */
function deaths(graph: RowGraph, steps: readonly RowStep[], last: number): Deaths {
  const at = new Map<number, number>();
  for (const [time, { op: position, y }] of steps.entries()) {
    const op = graph.ops[position]!;
    for (const { tensor, rows } of op.inputs) {
      if (survives(graph, tensor, last)) continue;
      if (graph.tensors.get(tensor)!.units === 1) at.set(unitKey(tensor, 0), time);
      else for (let row = rows!.first(y); row < rows!.last(y); row++) at.set(unitKey(tensor, row), time);
    }
    for (const { tensor } of op.outputs) {
      if (!survives(graph, tensor, last))
        at.set(unitKey(tensor, graph.tensors.get(tensor)!.units === 1 ? 0 : y), time);
    }
  }
  const bytesAt = new Map<number, number>();
  for (const [unit, time] of at) {
    const bytes = unitBytesOf(graph.tensors.get(Math.floor(unit / 65_536))!);
    bytesAt.set(time, (bytesAt.get(time) ?? 0) + bytes);
  }
  return { at, bytesAt };
}

function survives(graph: RowGraph, id: number, last: number): boolean {
  const tensor = graph.tensors.get(id)!;
  return tensor.isOutput || tensor.readers.some((reader) => reader >= last);
}

function savedInPlace(
  graph: RowGraph,
  op: RowGraph['ops'][number],
  y: number,
  time: number,
  dying: Deaths,
): number {
  for (const index of op.inPlace) {
    const pair = inPlacePair(graph, op, index, y);
    if (pair && dying.at.get(unitKey(pair.from.tensor, pair.from.row)) === time)
      return unitBytesOf(graph.tensors.get(pair.from.tensor)!);
  }
  return 0;
}
