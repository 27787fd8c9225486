/** When each buffer of a graph must exist, for a given operator order, with tensors that share memory in place. */
import { type Graph, type OpId, tensorOf } from '../ir/graph.js';
import { dtypeBytes, type TensorId, tensorBytes } from '../ir/tensor.js';
import { defOf } from '../ops/index.js';
import { viewOp } from '../ops/op-def.js';

/** A piece of memory that one tensor uses, or several in turn. Times are positions in the order, half open. */
export interface Lifetime {
  /** Empty for the scratch of the operator that runs at `first`. */
  readonly tensors: readonly TensorId[];
  readonly bytes: number;
  readonly alignment: number;
  readonly first: number;
  readonly last: number;
}

/** Fast kernels read words, whatever the element type. */
const wordBytes = 4;
/** `KernelCall.scratchBytes` is for memory with this alignment. */
const scratchAlignment = 16;

interface Span {
  first: number;
  last: number;
}

/**
 * Lifetimes for the operators in `order` (ids). Graph inputs exist from time 0, outputs to the end. Where an operator may
 * write over an input that nobody reads later, the two share one lifetime.
 */
export function lifetimes(graph: Graph, order: readonly OpId[], options: { inPlace: boolean }): Lifetime[] {
  const ops = order.map((id) => graph.ops.find((op) => op.id === id)!);
  const spans = new Map<TensorId, Span>();
  const touch = (id: TensorId, time: number) => {
    const span = spans.get(id);
    if (span) span.last = Math.max(span.last, time + 1);
    else spans.set(id, { first: time, last: time + 1 });
  };
  for (const id of graph.inputs) touch(id, 0);
  ops.forEach((op, time) => {
    for (const id of [...op.inputs, ...op.outputs])
      if (id !== null && tensorOf(graph, id).data === null) touch(id, time);
  });
  for (const id of graph.outputs)
    if (tensorOf(graph, id).data === null) touch(id, Math.max(ops.length - 1, 0));

  const home = options.inPlace ? sharedHomes(graph, ops, spans) : new Map<TensorId, TensorId>();
  const groups = new Map<TensorId, TensorId[]>();
  for (const id of spans.keys())
    groups.set(home.get(id) ?? id, [...(groups.get(home.get(id) ?? id) ?? []), id]);
  const tensors = [...groups.values()].map((ids) => ({
    tensors: ids.sort((a, b) => spans.get(a)!.first - spans.get(b)!.first || a - b),
    bytes: Math.max(...ids.map((id) => tensorBytes(tensorOf(graph, id)))),
    alignment: Math.max(wordBytes, ...ids.map((id) => dtypeBytes[tensorOf(graph, id).dtype])),
    first: Math.min(...ids.map((id) => spans.get(id)!.first)),
    last: Math.max(...ids.map((id) => spans.get(id)!.last)),
  }));
  const scratch = ops.flatMap((op, time) => {
    const bytes = Math.max(
      0,
      ...defOf(op)
        .calls(viewOp(graph, op))
        .map((call) => call.scratchBytes),
    );
    return bytes === 0
      ? []
      : [{ tensors: [], bytes, alignment: scratchAlignment, first: time, last: time + 1 }];
  });
  return [...tensors, ...scratch];
}

/** For each tensor that is written in place, the first tensor of the memory it moves into. */
function sharedHomes(
  graph: Graph,
  ops: readonly Graph['ops'][number][],
  spans: ReadonlyMap<TensorId, Span>,
): Map<TensorId, TensorId> {
  const home = new Map<TensorId, TensorId>();
  ops.forEach((op, time) => {
    const taken = new Set<TensorId>();
    for (const { input, output, leadBytes } of defOf(op).overlaps(viewOp(graph, op))) {
      const from = op.inputs[input];
      const to = op.outputs[output];
      if (from == null || to == null || leadBytes > 0 || home.has(to) || taken.has(from)) continue;
      const [source, target] = [tensorOf(graph, from), tensorOf(graph, to)];
      const dies = spans.get(from)?.last === time + 1;
      const readTwice = op.inputs.filter((id) => id === from).length > 1;
      if (source.data !== null || !dies || readTwice || graph.outputs.includes(from)) continue;
      if (tensorBytes(target) > tensorBytes(source)) continue;
      home.set(to, home.get(from) ?? from);
      taken.add(from);
    }
  });
  return home;
}
