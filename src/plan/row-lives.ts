/** Which rows are alive when, for a sequence of steps; and how many bytes that makes at once. */
import { dtypeBytes, type TensorId } from '../ir/tensor.js';
import type { RowGraph, RowOp, RowTensor } from './row-graph.js';
import type { RowStep } from './row-schedule.js';

/** Fast kernels read words, whatever the element type. */
export const wordBytes = 4;
/** `KernelCall.scratchBytes` is for memory with this alignment. */
export const scratchAlignment = 8;

export interface Span {
  first: number;
  last: number;
}

/** One row of a tensor, or all of it. */
export interface Unit {
  readonly tensor: TensorId;
  readonly row: number;
}

/** Units in one piece of memory, one after the other, or a scratch. Times are step numbers, half open. */
export interface RowLife {
  readonly units: readonly Unit[];
  /** The life of each unit by itself. */
  readonly spans: readonly Span[];
  /** Positions in RowGraph.ops of the operators whose scratch this is; null for tensors. */
  readonly scratchOf: readonly number[] | null;
  readonly bytes: number;
  readonly alignment: number;
  readonly first: number;
  readonly last: number;
  /** Set for rows of a resident input, which lie in one piece: bytes behind its first row. */
  readonly fixedOffset: number | null;
}

/** Rows of a resident input follow each other without a gap; everything else starts at a word. */
export function unitBytesOf(tensor: RowTensor): number {
  return isStaircase(tensor) ? tensor.unitBytes : alignUp(tensor.unitBytes, wordBytes);
}

/** An input in one piece whose rows die one by one. */
function isStaircase({ fixed, units }: RowTensor): boolean {
  return fixed && units > 1;
}

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

/** Lives of everything for the whole sequence of steps; units that are written in place share a life. */
export function rowLives(graph: RowGraph, steps: readonly RowStep[]): RowLife[] {
  const spans = unitSpans(graph, steps);
  const home = inPlaceHomes(graph, steps, spans);
  const lives: RowLife[] = [];
  for (const [tensor, rows] of spans) {
    for (const row of rows.keys()) {
      const unit = { tensor, row };
      if (home.has(key(unit))) continue;
      lives.push(lifeOf(graph, spans, chainFrom(unit, home)));
    }
  }
  return [...lives, ...scratchLives(graph, steps)];
}

const key = ({ tensor, row }: Unit) => tensor * 65_536 + row;

type Homes = Map<number, { readonly from: Unit; readonly to: Unit }>;

/** The unit, and those that move into its memory after it. */
function chainFrom(unit: Unit, home: Homes): Unit[] {
  const chain = [unit];
  for (let next = home.get(-1 - key(unit)); next; next = home.get(-1 - key(next.to))) chain.push(next.to);
  return chain;
}

function lifeOf(graph: RowGraph, spans: ReadonlyMap<TensorId, Span[]>, units: readonly Unit[]): RowLife {
  const tensors = units.map(({ tensor }) => graph.tensors.get(tensor)!);
  const own = units.map(({ tensor, row }) => spans.get(tensor)![row]!);
  const head = tensors[0]!;
  const fixedRow = isStaircase(head);
  return {
    units,
    spans: own,
    scratchOf: null,
    bytes: Math.max(...tensors.map(unitBytesOf)),
    alignment: fixedRow ? 1 : Math.max(wordBytes, ...tensors.map(({ tensor }) => dtypeBytes[tensor.dtype])),
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

/** Which unit moves into the memory of which: the written one is born when the read one dies, element for element. */
function inPlaceHomes(
  graph: RowGraph,
  steps: readonly RowStep[],
  spans: ReadonlyMap<TensorId, Span[]>,
): Homes {
  const homes: Homes = new Map();
  for (const [time, { op: position, y }] of steps.entries()) {
    const op = graph.ops[position]!;
    for (const index of op.inPlace) {
      const pair = inPlacePair(graph, op, index, y);
      if (!pair || homes.has(key(pair.to))) continue;
      const [from, to] = [
        spans.get(pair.from.tensor)![pair.from.row]!,
        spans.get(pair.to.tensor)![pair.to.row]!,
      ];
      if (from.last !== time + 1 || to.first !== time || homes.has(-1 - key(pair.from))) continue;
      homes.set(key(pair.to), pair);
      homes.set(-1 - key(pair.from), pair);
    }
  }
  return homes;
}

/** The unit that input `index` gives up in step y and the one that output 0 gets, if they are alike and safe to share. */
export function inPlacePair(
  graph: RowGraph,
  op: RowOp,
  index: number,
  y: number,
): { from: Unit; to: Unit } | null {
  const input = op.inputs[index]!;
  const [source, target] = [graph.tensors.get(input.tensor)!, graph.tensors.get(op.outputs[0]!.tensor)!];
  const twice = op.inputs.some((other, at) => at !== index && other.tensor === input.tensor);
  const byRow = input.rows !== null && op.steps > 1;
  const alike =
    source.unitBytes === target.unitBytes &&
    source.units === target.units &&
    (byRow ? source.units > 1 : op.steps === 1);
  if (!alike || twice || source.isOutput || source.fixed) return null;
  const row = source.units > 1 ? y : 0;
  return { from: { tensor: input.tensor, row }, to: { tensor: op.outputs[0]!.tensor, row } };
}

/**
 * One life for each scratch that is kept between steps; the others only matter during a step, so operators that run in
 * turns share one.
 */
function scratchLives(graph: RowGraph, steps: readonly RowStep[]): RowLife[] {
  const lives = graph.ops.flatMap(({ scratchBytes }, op): RowLife[] => {
    if (scratchBytes === 0) return [];
    const first = steps.findIndex((step) => step.op === op);
    const last = steps.findLastIndex((step) => step.op === op) + 1;
    const bytes = alignUp(scratchBytes, scratchAlignment);
    const place = { bytes, alignment: scratchAlignment, first, last, fixedOffset: null };
    return [{ ...place, units: [], spans: [], scratchOf: [op] }];
  });
  const isKept = ({ scratchOf }: RowLife) => graph.ops[scratchOf![0]!]!.scratchKept;
  const shared: RowLife[] = [];
  for (const life of lives.filter((life) => !isKept(life)).sort((a, b) => a.first - b.first)) {
    const before = shared.at(-1);
    if (!before || before.last <= life.first) shared.push(life);
    else shared[shared.length - 1] = join(before, life);
  }
  return [...lives.filter(isKept), ...shared];
}

function join(a: RowLife, b: RowLife): RowLife {
  const scratchOf = [...a.scratchOf!, ...b.scratchOf!];
  return { ...a, scratchOf, bytes: Math.max(a.bytes, b.bytes), last: Math.max(a.last, b.last) };
}

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
