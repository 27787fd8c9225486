/**
 * Works out every shape from the inputs on and evaluates shape arithmetic on the way, so that only real work reaches the
 * device. Files with a dynamic batch state shapes that were never true (TFLite computes them when it loads the file).
 */

import { ReflowError } from '../base/error.js';
import type { Graph, Op } from '../ir/graph.js';
import { maxTensorBytes, type Tensor, tensorBytes } from '../ir/tensor.js';
import { findUnsupported, knownDef } from '../ops/index.js';
import { type OpDef, type TensorType, viewOp } from '../ops/op-def.js';

/**
 * Operators that write a graph output stay: an output must live in the arena. So do operators that cannot run: what a
 * damaged file says of them is not to be computed with, and they are reported later.
 */
export function resolveShapes(graph: Graph): Graph {
  const tensors = [...graph.tensors];
  const set = (op: Op, change: (tensor: Tensor, index: number) => Tensor) => {
    for (const [index, id] of op.outputs.entries()) tensors[id] = change(tensors[id]!, index);
  };
  const ops = graph.ops.filter((op) => {
    const def = knownDef(op);
    if (!def) return true;
    const types = inferred(def, { ...graph, tensors }, op);
    if (types) set(op, (tensor, index) => ({ ...tensor, shape: types[index]!.shape }));
    const values = folded(def, { ...graph, tensors, ops: [op] }, op);
    if (values) set(op, (tensor, index) => ({ ...tensor, data: values[index]! }));
    return values === null;
  });
  return { ...graph, tensors, ops };
}

/** The outputs' types when the operator can say them and at least one shape is news. */
function inferred(def: OpDef, graph: Graph, op: Op): readonly TensorType[] | null {
  try {
    const view = viewOp(graph, op);
    const types = def.infer(view);
    const usable =
      types.length === op.outputs.length && types.every((type, index) => isUsable(type, view.output(index)));
    return usable && types.some((type, index) => type.shape.join() !== view.output(index).shape.join())
      ? types
      : null;
  } catch (error) {
    // It is reported as unsupported, with this reason, when all operators are checked.
    if (error instanceof ReflowError) return null;
    throw error;
  }
}

function isUsable({ dtype, shape }: TensorType, stated: Tensor): boolean {
  const whole = shape.every((dim) => Number.isInteger(dim) && dim > 0);
  return (
    whole && stated.data === null && dtype === stated.dtype && tensorBytes({ dtype, shape }) <= maxTensorBytes
  );
}

function folded(def: OpDef, graph: Graph, op: Op): readonly Uint8Array[] | null {
  if (!def.fold || op.outputs.some((id) => graph.outputs.includes(id)) || findUnsupported(graph).length > 0)
    return null;
  return def.fold(viewOp(graph, op));
}
