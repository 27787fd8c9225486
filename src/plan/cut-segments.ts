/**
 * Where to cut the operators into segments that run row by row: the smallest peak of live bytes over all cuts, by dynamic
 * programming over positions, and among those the least streaming.
 */
import type { RowGraph } from './row-graph.js';
import { findHomes, type SharedMemory, sharedMemories, type Unit, unitKey } from './row-homes.js';
import { alignUp, scratchAlignment } from './row-lives.js';
import { type RowStep, segmentSteps } from './row-schedule.js';

export interface Segment {
  readonly first: number;
  readonly last: number;
}

export interface Cuts {
  readonly segments: readonly Segment[];
  /** Largest number of live bytes at one step. */
  readonly peakBytes: number;
  /** No longer segments were looked at, in operators. */
  readonly maxLength: number;
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
  const segments = leastStreaming(graph, peakOf, best[count]!, maxLength);
  return { segments, peakBytes: best[count]!, maxLength };
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
export function segmentPeak(graph: RowGraph, first: number, last: number, limit: number): number {
  let live = 0;
  for (const tensor of graph.tensors.values()) {
    const exists = tensor.producer === null || tensor.producer < first;
    if (exists && (tensor.isOutput || tensor.readers.some((reader) => reader >= first)))
      live += tensor.heldBytes * tensor.units;
  }
  if (live >= limit) return Number.POSITIVE_INFINITY;
  const steps = segmentSteps(graph, first, last);
  const { grows, shrinks } = changes(graph, steps, last);
  let peak = live;
  for (const [time, { op: position, y }] of steps.entries()) {
    const op = graph.ops[position]!;
    const scratch = alignUp(op.scratchBytes, scratchAlignment);
    if (op.scratchKept && y === 0) live += scratch;
    live += grows[time]!;
    peak = Math.max(peak, live + (op.scratchKept ? 0 : scratch));
    if (peak >= limit) return Number.POSITIVE_INFINITY;
    live -= shrinks[time]!;
    if (op.scratchKept && y === op.steps - 1) live -= scratch;
  }
  return peak;
}

/** Bytes that each step adds before it runs and gives back behind it. */
function changes(
  graph: RowGraph,
  steps: readonly RowStep[],
  last: number,
): { grows: Float64Array; shrinks: Float64Array } {
  const [births, deaths] = [new Map<number, number>(), new Map<number, number>()];
  for (const [time, { op: position, y }] of steps.entries()) {
    const op = graph.ops[position]!;
    for (const { tensor, rows } of op.inputs) {
      if (survives(graph, tensor, last)) continue;
      if (graph.tensors.get(tensor)!.units === 1) deaths.set(unitKey({ tensor, row: 0 }), time);
      else
        for (let row = rows!.first(y); row < rows!.last(y); row++) deaths.set(unitKey({ tensor, row }), time);
    }
    for (const { tensor } of op.outputs) {
      const key = unitKey({ tensor, row: graph.tensors.get(tensor)!.units === 1 ? 0 : y });
      if (!births.has(key)) births.set(key, time);
      if (!survives(graph, tensor, last)) deaths.set(key, time);
    }
  }
  const shared = sharedMemories(graph, findHomes(graph, steps, { births, deaths, segmentStart: () => 0 }));
  const bytes = (key: number, isEnd: (memory: SharedMemory) => Unit) => {
    const memory = shared.get(key);
    if (!memory) return graph.tensors.get(Math.floor(key / 65_536))!.heldBytes;
    return unitKey(isEnd(memory)) === key ? memory.bytes : 0;
  };
  const [grows, shrinks] = [new Float64Array(steps.length), new Float64Array(steps.length)];
  for (const [key, time] of births) grows[time]! += bytes(key, ({ units }) => units[0]!);
  for (const [key, time] of deaths) shrinks[time]! += bytes(key, ({ units }) => units.at(-1)!);
  return { grows, shrinks };
}

function survives(graph: RowGraph, id: number, last: number): boolean {
  const tensor = graph.tensors.get(id)!;
  return tensor.isOutput || tensor.readers.some((reader) => reader >= last);
}
