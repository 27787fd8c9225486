/** What segments need: their steps simulated, with the rows that are born, die, and move into each other's memory. */
import { alignUp, scratchAlignment } from './alignment.js';
import type { RowGraph } from './row-graph.js';
import { Homes, sharedMemory } from './row-homes.js';
import { type Steps, segmentSteps } from './row-schedule.js';
import { type UnitGraph, type UnitTensor, unitGraph } from './unit-graph.js';

export class SegmentNeeds {
  readonly #units: UnitGraph;
  readonly #births: Int32Array;
  readonly #deaths: Int32Array;
  readonly #homes: Homes;
  readonly #before: Float64Array;

  constructor(private readonly graph: RowGraph) {
    this.#units = unitGraph(graph);
    const { unitCount, tensors } = this.#units;
    this.#births = new Int32Array(unitCount);
    this.#deaths = new Int32Array(unitCount);
    this.#homes = new Homes(unitCount);
    this.#before = Float64Array.from({ length: graph.ops.length }, (_, first) =>
      tensors.reduce(
        (sum, { producer, lastReader, heldBytes, units }) =>
          sum + (producer < first && lastReader >= first ? heldBytes * units : 0),
        0,
      ),
    );
  }

  /** Bytes alive before the operator at this position, with all before it done. */
  before(first: number): number {
    return this.#before[first]!;
  }

  /**
   * For each of operators first to last - 1 the most bytes alive in one of its steps, apart from its own scratch unless
   * that is kept between steps.
   */
  live(first: number, last: number): Float64Array {
    const steps = segmentSteps(this.#units, first, last);
    const { grows, shrinks } = this.#changes(steps, first, last);
    const most = new Float64Array(last - first);
    let live = this.#before[first]!;
    for (let time = 0; time < steps.count; time++) {
      const position = steps.op[time]!;
      const { scratchKept, scratchBytes, steps: all } = this.graph.ops[position]!;
      const kept = scratchKept ? alignUp(scratchBytes, scratchAlignment) : 0;
      if (steps.y[time] === 0) live += kept;
      live += grows[time]!;
      if (live > most[position - first]!) most[position - first] = live;
      live -= shrinks[time]!;
      if (steps.y[time] === all - 1) live -= kept;
    }
    return most;
  }

  /** Most bytes alive in the segment, with the kernels that are chosen. */
  peak(first: number, last: number): number {
    return this.live(first, last).reduce(
      (most, live, i) => Math.max(most, live + workingBytes(this.graph.ops[first + i]!)),
      0,
    );
  }

  /** Bytes that each step adds before it runs and gives back behind it. */
  #changes(steps: Steps, first: number, last: number): { grows: Float64Array; shrinks: Float64Array } {
    const touched = this.#time(steps, first, last);
    const [births, deaths, homes] = [this.#births, this.#deaths, this.#homes];
    homes.clear();
    homes.find(this.#units, steps, { births, deaths, segmentStart: () => 0 });
    const [grows, shrinks] = [new Float64Array(steps.count), new Float64Array(steps.count)];
    for (const { base, units, heldBytes } of touched) {
      for (let unit = base; unit < base + units; unit++) {
        if (homes.previous[unit]! >= 0) continue;
        const alone = homes.next[unit]! < 0;
        const memory = alone ? null : sharedMemory(this.#units, homes, unit);
        const bytes = memory?.bytes ?? heldBytes;
        const birth = births[unit]!;
        if (birth >= 0) grows[birth]! += bytes;
        const death = deaths[memory?.units.at(-1) ?? unit]!;
        if (death >= 0) shrinks[death]! += bytes;
      }
    }
    return { grows, shrinks };
  }

  /** Births and deaths of all units that the steps touch. */
  #time(steps: Steps, first: number, last: number): Set<UnitTensor> {
    const touched = new Set<UnitTensor>();
    const { ops } = this.#units;
    for (let position = first; position < last; position++) {
      for (const { tensor } of ops[position]!.inputs) touched.add(tensor);
      for (const tensor of ops[position]!.outputs) touched.add(tensor);
    }
    const [births, deaths] = [this.#births, this.#deaths];
    for (const { base, units } of touched) {
      births.fill(-1, base, base + units);
      deaths.fill(-1, base, base + units);
    }
    for (let time = 0; time < steps.count; time++) {
      const [op, y] = [ops[steps.op[time]!]!, steps.y[time]!];
      for (const input of op.inputs) {
        const { base, lastReader } = input.tensor;
        if (lastReader >= last) continue;
        const end = base + (input.last?.[y] ?? 1);
        for (let unit = base + (input.first?.[y] ?? 0); unit < end; unit++) deaths[unit] = time;
      }
      if (op.writesLast && y < op.steps - 1) continue;
      for (const { base, units, lastReader } of op.outputs) {
        const unit = base + (units === 1 ? 0 : y);
        if (births[unit]! < 0) births[unit] = time;
        if (lastReader < last) deaths[unit] = time;
      }
    }
    return touched;
  }
}

/** Scratch that an operator needs on top of what is alive. */
export function workingBytes({
  scratchKept,
  scratchBytes,
}: {
  readonly scratchKept: boolean;
  readonly scratchBytes: number;
}): number {
  return scratchKept ? 0 : alignUp(scratchBytes, scratchAlignment);
}
