/**
 * The order of steps inside a segment. Demand decides: the next row of a result asks for the rows that it reads, and they
 * for theirs, so that every row is computed once, as late as possible.
 */
import type { RowGraph } from './row-graph.js';

/** Step `y` of the operator at position `op` of the RowGraph: an output row, an input row that it adds up, or all of it. */
export interface RowStep {
  readonly op: number;
  readonly y: number;
}

/**
 * The steps of operators first to last - 1, everything before them being done. Results that nobody in the segment reads
 * are pulled in turn, the least advanced first.
 */
export function segmentSteps({ ops, tensors }: RowGraph, first: number, last: number): RowStep[] {
  const steps: RowStep[] = [];
  const done = new Int32Array(last - first);
  const pull = (op: number): void => {
    const y = done[op - first]!;
    for (const input of ops[op]!.inputs) {
      const producer = tensors.get(input.tensor)!.producer ?? -1;
      if (producer < first) continue;
      const { steps: all, outputs } = ops[producer]!;
      const byRow = outputs.find((output) => output.tensor === input.tensor)!.byRow;
      // Rows that no window reaches are computed before the last row, so that every tensor is whole in the end.
      const needed = input.rows && byRow && y < ops[op]!.steps - 1 ? input.rows.last(y) : all;
      while (done[producer - first]! < needed) pull(producer);
    }
    steps.push({ op, y });
    done[op - first] = y + 1;
  };
  const inside = (position: number) => position >= first && position < last;
  const sinks = ops.flatMap((op, position) =>
    inside(position) && !op.outputs.some(({ tensor }) => tensors.get(tensor)!.readers.some(inside))
      ? [position]
      : [],
  );
  const progress = (position: number) => done[position - first]! / ops[position]!.steps;
  for (;;) {
    const open = sinks.filter((position) => progress(position) < 1);
    if (open.length === 0) return steps;
    pull(open.reduce((a, b) => (progress(b) < progress(a) ? b : a)));
  }
}
