/** Where the elements of a tensor come from, through operators that only move them. */
import { type Graph, type Op, tensorOf } from '../ir/graph.js';
import { elementCount, type Tensor, type TensorId } from '../ir/tensor.js';
import { defOf } from '../ops/index.js';
import { type OpView, viewOp } from '../ops/op-def.js';

const movements = new Set(['reshape', 'transpose', 'slice', 'strided_slice', 'split', 'split_v']);

export interface Moved {
  /** The tensor that the elements come from. */
  readonly source: TensorId;
  /** The operators between, from the source on. */
  readonly ops: readonly Op[];
  /** For each element of the traced tensor its position in the source. */
  readonly positions: Int32Array;
}

/** Follows a computed tensor back to the first operator that does more than move; null where that cannot be followed. */
export function traceMovement(
  graph: Graph,
  producers: ReadonlyMap<TensorId, Op>,
  id: TensorId,
): Moved | null {
  const ops: Op[] = [];
  let source = id;
  for (;;) {
    const op = producers.get(source);
    if (!op || !movements.has(op.kind)) break;
    const from = op.inputs.filter((input) => input !== null && tensorOf(graph, input).data === null);
    if (from.length !== 1) return null;
    ops.unshift(op);
    source = from[0]!;
  }
  let at: TensorId = source;
  let positions = Int32Array.from(
    { length: elementCount(tensorOf(graph, source).shape) },
    (_, index) => index,
  );
  for (const op of ops) {
    const next = ops[ops.indexOf(op) + 1];
    const wanted = next ? next.inputs.find((input) => input !== null && op.outputs.includes(input))! : id;
    const results = defOf(op).fold?.(onIntegers(viewOp(graph, op), at, positions));
    const result = results?.[op.outputs.indexOf(wanted)];
    if (!result) return null;
    positions = new Int32Array(result.slice().buffer);
    at = wanted;
  }
  return { source, ops, positions };
}

/** The operator on a constant of plain integers in the place of one of its inputs. */
function onIntegers(view: OpView, id: TensorId, values: Int32Array): OpView {
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const plain = <T extends Tensor | null>(tensor: T): T =>
    tensor && tensor.data === null
      ? { ...tensor, dtype: 'int32', quant: null, data: tensor.id === id ? data : null }
      : tensor;
  const required = (tensor: Tensor | null | undefined): Tensor => {
    if (!tensor) throw new RangeError(`${view.op.label} has no such tensor`);
    return tensor;
  };
  const [inputs, outputs] = [view.inputs.map(plain), view.outputs.map(plain)];
  return {
    ...view,
    inputs,
    outputs,
    input: (index) => required(inputs[index]),
    output: (index) => required(outputs[index]),
  };
}
