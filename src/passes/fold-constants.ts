/** Evaluates operators whose inputs are all known (shape arithmetic), so that only real work reaches the device. */
import type { Graph } from '../ir/graph.js';
import { findUnsupported, knownDef } from '../ops/index.js';
import { viewOp } from '../ops/op-def.js';

/**
 * Operators that write a graph output stay: an output must live in the arena. So do operators that cannot run: what a
 * damaged file says of them is not to be computed with, and they are reported later.
 */
export function foldConstants(graph: Graph): Graph {
  let tensors = graph.tensors;
  const ops = graph.ops.filter((op) => {
    if (op.outputs.some((id) => graph.outputs.includes(id))) return true;
    const alone = { ...graph, tensors, ops: [op] };
    if (!knownDef(op)?.fold || findUnsupported(alone).length > 0) return true;
    const values = knownDef(op)?.fold?.(viewOp(alone, op)) ?? null;
    if (values === null) return true;
    tensors = tensors.map((tensor) => {
      const index = op.outputs.indexOf(tensor.id);
      return index < 0 ? tensor : { ...tensor, data: values[index]! };
    });
    return false;
  });
  return { ...graph, tensors, ops };
}
