/**
 * Which rows move into the memory of which: the written row is born in the step in which the read one dies. Element for
 * element it takes the same bytes (in place); a window's row starts a little before, as far as its kernel asks
 * (shifted overlap).
 */
import type { RowGraph, RowOp, RowTensor } from './row-graph.js';
import type { RowStep } from './row-schedule.js';

/** One row of a tensor, or all of it. */
export interface Unit {
  readonly tensor: number;
  readonly row: number;
}

/** A unit as one number, for maps. */
export const unitKey = ({ tensor, row }: Unit): number => tensor * 65_536 + row;

export interface Home {
  readonly from: Unit;
  readonly to: Unit;
  /** `to` starts this many bytes before `from`. */
  readonly leadBytes: number;
}

/** Times of units by key, as positions in the steps; a unit without birth was there before them. */
export interface Times {
  readonly births: ReadonlyMap<number, number>;
  /** The last step that reads or writes the unit; absent when it outlives them. */
  readonly deaths: ReadonlyMap<number, number>;
  /** First step of the segment to which a step belongs. */
  segmentStart(time: number): number;
}

/** At most one home for each unit, and each gives its memory to at most one other. */
export function findHomes(graph: RowGraph, steps: readonly RowStep[], times: Times): Home[] {
  const homes: Home[] = [];
  /** Units that gave their memory away, and those that moved. */
  const [given, moved] = [new Set<number>(), new Set<number>()];
  for (const [time, { op: position, y }] of steps.entries()) {
    const op = graph.ops[position]!;
    const home =
      inPlaceHome(graph, op, y, time, times, given) ?? shiftedHome(graph, op, y, time, times, given, moved);
    if (!home) continue;
    homes.push(home);
    given.add(unitKey(home.from));
    moved.add(unitKey(home.to));
  }
  return homes;
}

function inPlaceHome(
  graph: RowGraph,
  op: RowOp,
  y: number,
  time: number,
  { births, deaths }: Times,
  given: ReadonlySet<number>,
): Home | null {
  for (const index of op.inPlace) {
    const pair = inPlacePair(graph, op, index, y);
    if (!pair || given.has(unitKey(pair.from))) continue;
    if (deaths.get(unitKey(pair.from)) === time && births.get(unitKey(pair.to)) === time)
      return { ...pair, leadBytes: 0 };
  }
  return null;
}

/** The unit that input `index` gives up in step y and the one that output 0 gets, if they are alike and safe to share. */
function inPlacePair(graph: RowGraph, op: RowOp, index: number, y: number): { from: Unit; to: Unit } | null {
  const input = op.inputs[index]!;
  const [source, target] = [graph.tensors.get(input.tensor)!, graph.tensors.get(op.outputs[0]!.tensor)!];
  const byRow = input.rows !== null && op.steps > 1;
  const alike =
    source.unitBytes === target.unitBytes &&
    source.units === target.units &&
    (byRow ? source.units > 1 : op.steps === 1);
  if (!alike || !isFree(op, index, source)) return null;
  const row = source.units > 1 ? y : 0;
  return { from: { tensor: input.tensor, row }, to: { tensor: op.outputs[0]!.tensor, row } };
}

function shiftedHome(
  graph: RowGraph,
  op: RowOp,
  y: number,
  time: number,
  { births, deaths, segmentStart }: Times,
  given: ReadonlySet<number>,
  moved: ReadonlySet<number>,
): Home | null {
  if (op.shiftBytes === null) return null;
  const [input, output] = [op.inputs[0]!, op.outputs[0]!];
  const [source, target] = [graph.tensors.get(input.tensor)!, graph.tensors.get(output.tensor)!];
  if (source.units === 1 || target.units === 1 || !isFree(op, 0, source)) return null;
  const to = { tensor: output.tensor, row: y };
  if (births.get(unitKey(to)) !== time) return null;
  const stay = (deaths.get(unitKey(to)) ?? Number.POSITIVE_INFINITY) - time;
  if (!isWorthwhile(source.heldBytes, target.heldBytes, op.shiftBytes, stay)) return null;
  for (let row = input.rows!.first(y); row < input.rows!.last(y); row++) {
    const from = { tensor: input.tensor, row };
    const key = unitKey(from);
    // Memory that was taken before the segment keeps its size; and leads would add up along chains of such moves.
    const isOwn = births.get(key)! >= segmentStart(time) && !moved.has(key);
    if (isOwn && deaths.get(key) === time && !given.has(key)) return { from, to, leadBytes: op.shiftBytes };
  }
  return null;
}

/** Both share memory for their whole lives, so neither may waste much of it for long. */
function isWorthwhile(fromBytes: number, toBytes: number, leadBytes: number, stay: number): boolean {
  const both = Math.max(toBytes, leadBytes + fromBytes);
  return both - fromBytes <= fromBytes / 8 && (both - toBytes <= toBytes / 8 || stay <= 2);
}

function isFree(op: RowOp, index: number, source: RowTensor): boolean {
  const tensor = op.inputs[index]!.tensor;
  const twice = op.inputs.some((other, at) => at !== index && other.tensor === tensor);
  return !twice && !source.isOutput && !source.fixed;
}

/** Units in one piece of memory, one after the other; `places` are bytes from its start. */
export interface SharedMemory {
  readonly units: readonly Unit[];
  readonly places: readonly number[];
  readonly bytes: number;
}

/** The memories of all units that move, by every one of their units. */
export function sharedMemories(graph: RowGraph, homes: readonly Home[]): Map<number, SharedMemory> {
  const next = new Map(homes.map((home) => [unitKey(home.from), home]));
  const moved = new Set(homes.map(({ to }) => unitKey(to)));
  const memories = new Map<number, SharedMemory>();
  for (const { from } of homes) {
    if (moved.has(unitKey(from))) continue;
    const units = [from];
    const at = [0];
    for (let home = next.get(unitKey(from)); home; home = next.get(unitKey(home.to))) {
      units.push(home.to);
      at.push(at.at(-1)! - home.leadBytes);
    }
    const lowest = Math.min(...at);
    const places = at.map((place) => place - lowest);
    const bytes = Math.max(
      ...units.map(({ tensor }, i) => places[i]! + graph.tensors.get(tensor)!.heldBytes),
    );
    const memory = { units, places, bytes };
    for (const unit of units) memories.set(unitKey(unit), memory);
  }
  return memories;
}
