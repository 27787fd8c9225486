/** Evaluates operators whose inputs are all known (shape arithmetic), so that only real work reaches the device. */
import type { Graph } from '../ir/graph.js';
import { knownDef } from '../ops/index.js';
import { viewOp } from '../ops/op-def.js';

/** Operators that write a graph output stay: an output must live in the arena. */
export function foldConstants(graph: Graph): Graph {
  let tensors = graph.tensors;
  const ops = graph.ops.filter((op) => {
    if (op.outputs.some((id) => graph.outputs.includes(id))) return true;
    const values = knownDef(op)?.fold?.(viewOp({ ...graph, tensors }, op)) ?? null;
    if (values === null) return true;
    tensors = tensors.map((tensor) => {
      const index = op.outputs.indexOf(tensor.id);
      return index < 0 ? tensor : { ...tensor, data: values[index]! };
    });
    return false;
  });
  return { ...graph, tensors, ops };
}
