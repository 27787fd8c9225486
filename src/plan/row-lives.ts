/** Which rows are alive when, for a sequence of steps, and which of them share memory. */
import { dtypeBytes } from '../ir/tensor.js';
import { alignUp, scratchAlignment } from './alignment.js';
import type { PlanSegment } from './plan.js';
import type { RowGraph } from './row-graph.js';
import { Homes, sharedMemory } from './row-homes.js';
import type { Steps } from './row-schedule.js';
import { type Unit, type UnitGraph, type UnitTensor, unitGraph, unitOf } from './unit-graph.js';

export interface Span {
  first: number;
  last: number;
}

/** Units in one piece of memory, one after the other, or a scratch. Times are step numbers, half open. */
export interface RowLife {
  readonly units: readonly Unit[];
  /** Where each unit starts, bytes from the start of this memory. */
  readonly places: readonly number[];
  /** The life of each unit by itself. */
  readonly spans: readonly Span[];
  /** Positions in RowGraph.ops of the operators whose scratch this is; null for tensors. */
  readonly scratchOf: readonly number[] | null;
  /** The step of that operator for which it is; null for all of them. */
  readonly scratchStep: number | null;
  readonly bytes: number;
  readonly alignment: number;
  readonly first: number;
  readonly last: number;
  /** Set for rows of a resident input, which lie in one piece: bytes behind its first row. */
  readonly fixedOffset: number | null;
}

/** Whether each step of an operator has a scratch of its own; otherwise operators that run in turns share one. */
export type ScratchUse = 'shared' | 'byStep';

/** Lives of everything for the whole sequence of steps; units that move into the memory of others share a life. */
export function rowLives(
  graph: RowGraph,
  steps: Steps,
  segments: readonly PlanSegment[],
  scratch: ScratchUse,
): RowLife[] {
  const units = unitGraph(graph);
  const times = timesOf(units, steps, segments);
  const homes = new Homes(units.unitCount);
  homes.find(units, steps, times);
  const lives: RowLife[] = [];
  for (let unit = 0; unit < units.unitCount; unit++)
    if (homes.previous[unit]! < 0) lives.push(lifeOf(graph, units, times, homes, unit));
  return [...lives, ...scratchLives(graph, steps, scratch)];
}

interface UnitTimes {
  readonly births: Int32Array;
  readonly deaths: Int32Array;
  segmentStart(time: number): number;
  span(unit: number): Span;
}

/** First and last step that touches each unit; inputs are there before all steps, outputs outlive them. */
function timesOf(
  { ops, tensors, tensorOf, unitCount }: UnitGraph,
  steps: Steps,
  segments: readonly PlanSegment[],
): UnitTimes {
  const births = new Int32Array(unitCount).fill(steps.count);
  const deaths = new Int32Array(unitCount).fill(-1);
  for (const { base, units, fixed } of tensors) if (fixed) births.fill(-1, base, base + units);
  for (let time = 0; time < steps.count; time++) {
    const [op, y] = [ops[steps.op[time]!]!, steps.y[time]!];
    for (const { tensor, first, last } of op.inputs) {
      const end = tensor.base + (last?.[y] ?? 1);
      for (let unit = tensor.base + (first?.[y] ?? 0); unit < end; unit++) deaths[unit] = time;
    }
    if (op.writesLast && y < op.steps - 1) continue;
    for (const { base, units } of op.outputs) {
      const unit = base + (units === 1 ? 0 : y);
      if (births[unit] === steps.count) births[unit] = time;
      deaths[unit] = time;
    }
  }
  const span = (unit: number) => {
    const first = Math.max(0, births[unit]!);
    const last = tensorOf[unit]!.isOutput ? steps.count : deaths[unit]! + 1;
    return { first, last: Math.max(last, first + 1) };
  };
  for (const { base, units, isOutput } of tensors) if (isOutput) deaths.fill(-1, base, base + units);
  const starts = segments.flatMap(({ first, last }) => new Array<number>(last - first).fill(first));
  return { births, deaths, segmentStart: (time) => starts[time]!, span };
}

function lifeOf(graph: RowGraph, units: UnitGraph, times: UnitTimes, homes: Homes, first: number): RowLife {
  const memory = sharedMemory(units, homes, first);
  const tensors = memory.units.map((unit) => units.tensorOf[unit]!);
  const spans = memory.units.map((unit) => times.span(unit));
  const head: UnitTensor = tensors[0]!;
  const fixedRow = head.fixed && head.units > 1;
  const elements = tensors.map(({ id }) => dtypeBytes[graph.tensors.get(id)!.tensor.dtype]);
  return {
    units: memory.units.map((unit) => unitOf(units, unit)),
    places: memory.places,
    spans,
    scratchOf: null,
    scratchStep: null,
    bytes: memory.bytes,
    alignment: fixedRow ? 1 : Math.max(graph.rowAlignment, ...elements),
    first: spans[0]!.first,
    last: spans.at(-1)!.last,
    fixedOffset: fixedRow ? (first - head.base) * head.unitBytes : null,
  };
}

/**
 * One life for each scratch that is kept between steps; the others only matter during a step: either each step has its own,
 * or operators that run in turns share one.
 */
function scratchLives(graph: RowGraph, steps: Steps, use: ScratchUse): RowLife[] {
  const timesOfOp = graph.ops.map((): number[] => []);
  steps.op.forEach((op, time) => {
    timesOfOp[op]!.push(time);
  });
  const lives = graph.ops.flatMap(({ scratchBytes, scratchKept }, op): RowLife[] => {
    if (scratchBytes === 0) return [];
    const times = timesOfOp[op]!;
    const [first, last] = [times[0]!, times.at(-1)! + 1];
    const inTurns = last - first > times.length;
    if (use === 'byStep' && inTurns && !scratchKept)
      return times.map((time) => scratchLife(scratchBytes, op, steps.y[time]!, time, time + 1));
    return [scratchLife(scratchBytes, op, null, first, last)];
  });
  const stays = ({ scratchOf, scratchStep }: RowLife) =>
    scratchStep !== null || graph.ops[scratchOf![0]!]!.scratchKept;
  const shared: RowLife[] = [];
  for (const life of lives.filter((life) => !stays(life)).sort((a, b) => a.first - b.first)) {
    const before = shared.at(-1);
    if (!before || before.last <= life.first) shared.push(life);
    else shared[shared.length - 1] = join(before, life);
  }
  return [...lives.filter(stays), ...shared];
}

function scratchLife(bytes: number, op: number, step: number | null, first: number, last: number): RowLife {
  return {
    ...{
      units: [],
      places: [],
      spans: [],
      scratchOf: [op],
      scratchStep: step,
      first,
      last,
      fixedOffset: null,
    },
    bytes: alignUp(bytes, scratchAlignment),
    alignment: scratchAlignment,
  };
}

function join(a: RowLife, b: RowLife): RowLife {
  const scratchOf = [...a.scratchOf!, ...b.scratchOf!];
  return { ...a, scratchOf, bytes: Math.max(a.bytes, b.bytes), last: Math.max(a.last, b.last) };
}
