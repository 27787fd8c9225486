/** Which rows are alive when, for a sequence of steps, and which of them share memory. */
import { dtypeBytes, type TensorId } from '../ir/tensor.js';
import type { PlanSegment } from './plan.js';
import type { RowGraph, RowOp } from './row-graph.js';
import { findHomes, type SharedMemory, sharedMemories, type Unit, unitKey } from './row-homes.js';
import type { RowStep } from './row-schedule.js';

/** `KernelCall.scratchBytes` is for memory with this alignment. */
export const scratchAlignment = 8;

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

/** Rows of `tensor` that step `y` reads, as units. */
function* readUnits(graph: RowGraph, op: RowOp, y: number): Generator<Unit> {
  for (const { tensor, rows } of op.inputs) {
    const { units } = graph.tensors.get(tensor)!;
    if (units === 1) yield { tensor, row: 0 };
    else for (let row = rows!.first(y); row < rows!.last(y); row++) yield { tensor, row };
  }
}

function writtenUnits(graph: RowGraph, op: RowOp, y: number): Unit[] {
  return op.outputs.map(({ tensor }) => ({ tensor, row: graph.tensors.get(tensor)!.units === 1 ? 0 : y }));
}

/** Lives of everything for the whole sequence of steps; units that move into the memory of others share a life. */
export function rowLives(
  graph: RowGraph,
  steps: readonly RowStep[],
  segments: readonly PlanSegment[],
  scratch: ScratchUse,
): RowLife[] {
  const spans = unitSpans(graph, steps);
  const shared = memoriesOf(graph, steps, segments, spans);
  const lives: RowLife[] = [];
  for (const [tensor, rows] of spans) {
    const alone = [graph.tensors.get(tensor)!.heldBytes];
    for (const row of rows.keys()) {
      const unit = { tensor, row };
      const memory = shared.get(unitKey(unit)) ?? { units: [unit], places: [0], bytes: alone[0]! };
      if (unitKey(memory.units[0]!) === unitKey(unit)) lives.push(lifeOf(graph, spans, memory));
    }
  }
  return [...lives, ...scratchLives(graph, steps, scratch)];
}

function memoriesOf(
  graph: RowGraph,
  steps: readonly RowStep[],
  segments: readonly PlanSegment[],
  spans: ReadonlyMap<TensorId, Span[]>,
): Map<number, SharedMemory> {
  const births = new Map<number, number>();
  const deaths = new Map<number, number>();
  for (const [tensor, rows] of spans) {
    const { fixed, isOutput } = graph.tensors.get(tensor)!;
    for (const [row, { first, last }] of rows.entries()) {
      if (!fixed) births.set(unitKey({ tensor, row }), first);
      if (!isOutput) deaths.set(unitKey({ tensor, row }), last - 1);
    }
  }
  const starts = segments.flatMap(({ first, last }) => new Array<number>(last - first).fill(first));
  const homes = findHomes(graph, steps, { births, deaths, segmentStart: (time) => starts[time]! });
  return sharedMemories(graph, homes);
}

function lifeOf(graph: RowGraph, spans: ReadonlyMap<TensorId, Span[]>, memory: SharedMemory): RowLife {
  const { units, places, bytes } = memory;
  const tensors = units.map(({ tensor }) => graph.tensors.get(tensor)!);
  const own = units.map(({ tensor, row }) => spans.get(tensor)![row]!);
  const head = tensors[0]!;
  const fixedRow = head.fixed && head.units > 1;
  return {
    units,
    places,
    spans: own,
    scratchOf: null,
    scratchStep: null,
    bytes,
    alignment: fixedRow
      ? 1
      : Math.max(graph.rowAlignment, ...tensors.map(({ tensor }) => dtypeBytes[tensor.dtype])),
    first: own[0]!.first,
    last: own.at(-1)!.last,
    fixedOffset: fixedRow ? units[0]!.row * head.unitBytes : null,
  };
}

function unitSpans(graph: RowGraph, steps: readonly RowStep[]): Map<TensorId, Span[]> {
  const spans = new Map<TensorId, Span[]>();
  for (const [id, { units, fixed, isOutput }] of graph.tensors) {
    const end = isOutput ? steps.length : 0;
    spans.set(
      id,
      Array.from({ length: units }, () => ({
        first: fixed ? 0 : Number.POSITIVE_INFINITY,
        last: fixed ? Math.max(1, end) : end,
      })),
    );
  }
  const touch = (unit: Unit, time: number) => {
    const span = spans.get(unit.tensor)![unit.row]!;
    span.first = Math.min(span.first, time);
    span.last = Math.max(span.last, time + 1);
  };
  for (const [time, { op, y }] of steps.entries()) {
    for (const unit of readUnits(graph, graph.ops[op]!, y)) touch(unit, time);
    for (const unit of writtenUnits(graph, graph.ops[op]!, y)) touch(unit, time);
  }
  return spans;
}

/**
 * One life for each scratch that is kept between steps; the others only matter during a step: either each step has its own,
 * or operators that run in turns share one.
 */
function scratchLives(graph: RowGraph, steps: readonly RowStep[], use: ScratchUse): RowLife[] {
  const lives = graph.ops.flatMap(({ scratchBytes, scratchKept }, op): RowLife[] => {
    if (scratchBytes === 0) return [];
    const times = steps.flatMap((step, time) => (step.op === op ? [time] : []));
    const [first, last] = [times[0]!, times.at(-1)! + 1];
    const inTurns = last - first > times.length;
    if (use === 'byStep' && inTurns && !scratchKept)
      return times.map((time) => scratchLife(scratchBytes, op, steps[time]!.y, time, time + 1));
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

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
