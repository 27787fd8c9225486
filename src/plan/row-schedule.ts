/**
 * The order of steps inside a segment. Demand decides: the next row of a result asks for the rows that it reads, and they
 * for theirs, so that every row is computed once, as late as possible.
 */
import type { UnitGraph } from './unit-graph.js';

/** Step `y[i]` of the operator at position `op[i]`: an output row, an input row that it adds up, or all of it. */
export interface Steps {
  readonly count: number;
  readonly op: Int32Array;
  readonly y: Int32Array;
}

/**
 * The steps of operators first to last - 1, everything before them being done. Results that nobody in the segment reads
 * are pulled in turn, the least advanced first.
 */
export function segmentSteps({ ops }: UnitGraph, first: number, last: number): Steps {
  let total = 0;
  for (let position = first; position < last; position++) total += ops[position]!.steps;
  const [op, y] = [new Int32Array(total), new Int32Array(total)];
  const done = new Int32Array(last - first);
  let count = 0;
  const pull = (position: number): void => {
    const row = done[position - first]!;
    for (const { tensor, needed } of ops[position]!.inputs) {
      const { producer } = tensor;
      if (producer < first) continue;
      while (done[producer - first]! < needed[row]!) pull(producer);
    }
    op[count] = position;
    y[count++] = row;
    done[position - first] = row + 1;
  };
  const inside = (position: number) => position >= first && position < last;
  const sinks: number[] = [];
  for (let position = first; position < last; position++)
    if (!ops[position]!.readers.some(inside)) sinks.push(position);
  for (;;) {
    let next = -1;
    let least = 1;
    for (const position of sinks) {
      const progress = done[position - first]! / ops[position]!.steps;
      if (progress < least) [next, least] = [position, progress];
    }
    if (next < 0) return { count, op, y };
    pull(next);
  }
}

/** The steps of several segments one after the other. */
export function joinSteps(parts: readonly Steps[]): Steps {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const [op, y] = [new Int32Array(count), new Int32Array(count)];
  let at = 0;
  for (const part of parts) {
    op.set(part.op, at);
    y.set(part.y, at);
    at += part.count;
  }
  return { count, op, y };
}
