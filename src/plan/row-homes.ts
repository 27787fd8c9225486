/**
 * Which rows move into the memory of which: the written row is born in the step in which the read one dies. Element for
 * element it takes the same bytes (in place); a window's row starts a little before, as far as its kernel asks
 * (shifted overlap).
 */
import type { Steps } from './row-schedule.js';
import type { UnitGraph, UnitOp, UnitTensor } from './unit-graph.js';

/** Times of units, as positions in the steps. */
export interface Times {
  /** The step that writes the unit first; -1 when it was there before them. */
  readonly births: Int32Array;
  /** The last step that reads or writes the unit; -1 when it outlives them, or has no part in them. */
  readonly deaths: Int32Array;
  /** First step of the segment to which a step belongs. */
  segmentStart(time: number): number;
}

/** By unit: which one moves into its memory, into whose it moved (-1: none), and how many bytes before that it starts. */
export class Homes {
  readonly next: Int32Array;
  readonly previous: Int32Array;
  readonly lead: Int32Array;

  constructor(units: number) {
    this.next = new Int32Array(units).fill(-1);
    this.previous = new Int32Array(units).fill(-1);
    this.lead = new Int32Array(units);
  }

  clear(): void {
    this.next.fill(-1);
    this.previous.fill(-1);
  }

  /** At most one home for each unit, and each gives its memory to at most one other. */
  find({ ops }: UnitGraph, steps: Steps, times: Times): void {
    for (let time = 0; time < steps.count; time++) {
      const op = ops[steps.op[time]!]!;
      if (op.inPlace.length === 0 && op.shiftBytes === null) continue;
      const y = steps.y[time]!;
      if (!this.#inPlace(op, y, time, times)) this.#shifted(op, y, time, times);
    }
  }

  #settle(from: number, to: number, leadBytes: number): void {
    this.next[from] = to;
    this.previous[to] = from;
    this.lead[to] = leadBytes;
  }

  /** An input's unit that dies in step y becomes the output's, if they are alike and safe to share. */
  #inPlace(op: UnitOp, y: number, time: number, { births, deaths }: Times): boolean {
    for (const index of op.inPlace) {
      const { tensor: source, byRow: rows } = op.inputs[index]!;
      const target = op.outputs[0]!;
      const byRow = rows && op.steps > 1;
      const alike =
        source.unitBytes === target.unitBytes &&
        source.units === target.units &&
        (byRow ? source.units > 1 : op.steps === 1);
      if (!alike || !isFree(op, index, source)) continue;
      const row = source.units > 1 ? y : 0;
      const [from, to] = [source.base + row, target.base + row];
      if (this.next[from]! >= 0 || deaths[from] !== time || births[to] !== time) continue;
      this.#settle(from, to, 0);
      return true;
    }
    return false;
  }

  #shifted(op: UnitOp, y: number, time: number, { births, deaths, segmentStart }: Times): void {
    if (op.shiftBytes === null) return;
    const [input, target] = [op.inputs[0]!, op.outputs[0]!];
    const source = input.tensor;
    if (source.units === 1 || target.units === 1 || !isFree(op, 0, source)) return;
    const to = target.base + y;
    if (births[to] !== time) return;
    const death = deaths[to]!;
    const stay = death < 0 ? Number.POSITIVE_INFINITY : death - time;
    const waste = op.shiftsWastefully;
    if (!waste && !isWorthwhile(source.heldBytes, target.heldBytes, op.shiftBytes, stay)) return;
    for (let row = input.first![y]!; row < input.last![y]!; row++) {
      const from = source.base + row;
      // Memory that was taken before the segment keeps its size; and leads would add up along chains of such moves.
      const isOwn = births[from]! >= segmentStart(time) && this.previous[from]! < 0;
      if (!isOwn || deaths[from] !== time || this.next[from]! >= 0) continue;
      this.#settle(from, to, op.shiftBytes);
      return;
    }
  }
}

/** Both share memory for their whole lives, so neither may waste much of it for long. */
function isWorthwhile(fromBytes: number, toBytes: number, leadBytes: number, stay: number): boolean {
  const both = Math.max(toBytes, leadBytes + fromBytes);
  return both - fromBytes <= fromBytes / 8 && (both - toBytes <= toBytes / 8 || stay <= 2);
}

function isFree(op: UnitOp, index: number, source: UnitTensor): boolean {
  if (source.isOutput || source.fixed) return false;
  return op.inputs.every((other, at) => at === index || other.tensor !== source);
}

/** Units in one piece of memory, one after the other; `places` are bytes from its start. */
export interface SharedMemory {
  readonly units: readonly number[];
  readonly places: readonly number[];
  readonly bytes: number;
}

/** The memory that starts with unit `head`, into which nobody moved before it. */
export function sharedMemory({ tensorOf }: UnitGraph, { next, lead }: Homes, head: number): SharedMemory {
  const [units, at] = [[head], [0]];
  let lowest = 0;
  for (let unit = next[head]!; unit >= 0; unit = next[unit]!) {
    const place = at.at(-1)! - lead[unit]!;
    units.push(unit);
    at.push(place);
    lowest = Math.min(lowest, place);
  }
  const places = at.map((place) => place - lowest);
  const bytes = places.reduce((most, place, i) => Math.max(most, place + tensorOf[units[i]!]!.heldBytes), 0);
  return { units, places, bytes };
}
