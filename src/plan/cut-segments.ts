/**
 * Where to cut the operators into segments that run row by row, and which kernels run them: the smallest peak of live bytes
 * over all cuts and kernels that stay within a number of instructions, and among those the fewest instructions.
 */
import { alignUp, scratchAlignment } from './alignment.js';
import type { KernelChoice } from './kernel-choices.js';
import type { RowGraph, RowOp } from './row-graph.js';
import { SegmentNeeds } from './segment-need.js';

export interface Segment {
  readonly first: number;
  readonly last: number;
}

export interface Cuts {
  readonly segments: readonly Segment[];
  /** Largest number of live bytes at one step. */
  readonly peakBytes: number;
  /** Estimated, of all operators. */
  readonly instructions: number;
  /** No longer segments were looked at, in operators. */
  readonly maxLength: number;
}

export interface CutLimits {
  /** No segment has more operators; 1 gives layer by layer. */
  readonly maxLength: number;
  /** What the cuts may take, where anything can be had for it. */
  readonly instructions: number;
}

/** The cuts, and the graph with the kernels that run them. */
export function cutSegments(graph: RowGraph, limits: CutLimits): { cuts: Cuts; rows: RowGraph } {
  const search = new CutSearch(graph, limits.maxLength);
  const least = search.leastPeak();
  let best = search.cheapest(least);
  if (best.instructions > limits.instructions) best = search.affordable(least, limits.instructions);
  const ops = [...graph.ops];
  for (const { first, last } of best.segments)
    for (let position = first; position < last; position++) {
      const kernel = search.kernelAt(first, last, position, best.peakBytes)!;
      ops[position] = {
        ...ops[position]!,
        kernel,
        scratchBytes: ops[position]!.kernels[kernel]!.scratchBytes,
      };
    }
  return { cuts: { ...best, maxLength: limits.maxLength }, rows: { ...graph, ops } };
}

type Found = Omit<Cuts, 'maxLength'>;

class CutSearch {
  readonly #needs: SegmentNeeds;
  readonly #live = new Map<number, Float64Array>();
  readonly #count: number;

  constructor(
    private readonly graph: RowGraph,
    private readonly maxLength: number,
  ) {
    this.#needs = new SegmentNeeds(graph);
    this.#count = graph.ops.length;
  }

  #liveIn(first: number, last: number): Float64Array {
    const at = first * (this.#count + 1) + last;
    let live = this.#live.get(at);
    if (live === undefined) {
      live = this.#needs.live(first, last);
      this.#live.set(at, live);
    }
    return live;
  }

  /** The smallest peak of all cuts, with the kernels that need least. */
  leastPeak(): number {
    const best = new Float64Array(this.#count + 1).fill(Number.POSITIVE_INFINITY);
    best[0] = 0;
    for (let last = 1; last <= this.#count; last++) {
      for (let first = last - 1; first >= Math.max(0, last - this.maxLength); first--) {
        const before = Math.max(best[first]!, this.#needs.before(first));
        if (before >= best[last]!) continue;
        const peak = this.#liveIn(first, last).reduce(
          (most, live, i) => Math.max(most, live + scratchOf(this.graph.ops[first + i]!, -1)),
          before,
        );
        best[last] = Math.min(best[last]!, peak);
      }
    }
    return best[this.#count]!;
  }

  /** Cuts with the fewest instructions whose peak is at most `bound`. */
  cheapest(bound: number): Found {
    const cost = new Float64Array(this.#count + 1).fill(Number.POSITIVE_INFINITY);
    const from = new Int32Array(this.#count + 1);
    cost[0] = 0;
    for (let last = 1; last <= this.#count; last++) {
      for (let first = last - 1; first >= Math.max(0, last - this.maxLength); first--) {
        if (cost[first]! >= cost[last]! || this.#needs.before(first) > bound) continue;
        const total = cost[first]! + this.#instructions(first, last, bound, cost[last]! - cost[first]!);
        if (total >= cost[last]!) continue;
        cost[last] = total;
        from[last] = first;
      }
    }
    const segments: Segment[] = [];
    if (cost[this.#count]! < Number.POSITIVE_INFINITY)
      for (let last = this.#count; last > 0; last = from[last]!)
        segments.unshift({ first: from[last]!, last });
    return { segments, peakBytes: bound, instructions: cost[this.#count]! };
  }

  /** Cuts with the smallest peak, above `least`, that take at most so many instructions; the fastest when none do. */
  affordable(least: number, instructions: number): Found {
    const layers = this.#layersPeak();
    const peaks = this.#peaks(least, layers);
    let [low, high] = [0, peaks.length - 1];
    let best = this.cheapest(layers);
    while (low < high) {
      const middle = (low + high) >> 1;
      const found = this.cheapest(peaks[middle]!);
      if (found.instructions > instructions) low = middle + 1;
      else [high, best] = [middle, found];
    }
    return best;
  }

  /** The peak layer by layer with the fastest kernels. */
  #layersPeak(): number {
    return this.graph.ops.reduce(
      (most, op, at) => Math.max(most, this.#liveIn(at, at + 1)[0]! + scratchOf(op, 0)),
      0,
    );
  }

  /** All peaks above `least` and at most `most` that a segment can have, ascending. */
  #peaks(least: number, most: number): number[] {
    const peaks = new Set([most]);
    for (let first = 0; first < this.#count; first++) {
      const end = Math.min(this.#count, first + this.maxLength);
      for (let last = first + 1; this.#needs.before(first) <= most && last <= end; last++)
        this.#liveIn(first, last).forEach((live, i) => {
          const op = this.graph.ops[first + i]!;
          for (let kernel = 0; kernel < op.kernels.length; kernel++) {
            const peak = live + scratchOf(op, kernel);
            if (peak > least && peak < most) peaks.add(peak);
          }
        });
    }
    return [...peaks].sort((a, b) => a - b);
  }

  /** Of a segment within `bound`; Infinity when it is beyond that, or takes as much as `limit`. */
  #instructions(first: number, last: number, bound: number, limit: number): number {
    const whole = last - first === 1;
    let sum = 0;
    for (let position = first; position < last; position++) {
      const kernel = this.kernelAt(first, last, position, bound);
      if (kernel === null) return Number.POSITIVE_INFINITY;
      const { instructions } = this.graph.ops[position]!.kernels[kernel]!;
      sum += whole ? instructions.whole : instructions.byRow;
      if (sum >= limit) return Number.POSITIVE_INFINITY;
    }
    return sum;
  }

  /** The fastest kernel of an operator in a segment whose scratch stays within `bound`; null when none does. */
  kernelAt(first: number, last: number, position: number, bound: number): number | null {
    return fastestWithin(this.graph.ops[position]!, this.#liveIn(first, last)[position - first]!, bound);
  }
}

/** The fastest kernel whose scratch beside `live` bytes stays within `bound`; null when there is none. */
export function fastestWithin(op: RowOp, live: number, bound: number): number | null {
  for (let kernel = 0; kernel < op.kernels.length; kernel++)
    if (live + scratchOf(op, kernel) <= bound) return kernel;
  return null;
}

/** Scratch of an operator beside what is alive, with its n-th kernel (-1: the last). */
export function scratchOf({ scratchKept, kernels }: RowOp, n: number): number {
  const kernel: KernelChoice = kernels.at(n)!;
  return scratchKept ? 0 : alignUp(kernel.scratchBytes, scratchAlignment);
}

/** Estimated instructions layer by layer, with the fastest kernels. */
export function layerInstructions({ ops }: RowGraph): number {
  return ops.reduce((sum, { kernels }) => sum + kernels[0]!.instructions.whole, 0);
}
