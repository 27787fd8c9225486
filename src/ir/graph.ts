/** Graph: operators in execution order over a flat table of tensors. Frozen; a pass returns a new Graph. */
import type { Tensor, TensorId } from './tensor.js';

export type AttrValue = number | string | boolean | readonly number[];
export type Attrs = { readonly [name: string]: AttrValue };

/** Stable number of an operator: its index in the imported file, or a fresh one for an operator that a pass made. */
export type OpId = number;

export interface Op {
  readonly id: OpId;
  /** Key into the operator registry, e.g. `conv2d`. */
  readonly kind: string;
  /** What the file called it, for messages: `CONV_2D`. */
  readonly label: string;
  /** Inputs by position; null where an optional one is absent. */
  readonly inputs: readonly (TensorId | null)[];
  readonly outputs: readonly TensorId[];
  readonly attrs: Attrs;
  /** The kernel set that its owner asked for; absent where reflow chooses. */
  readonly kernelSet?: string;
}

export interface Graph {
  readonly name: string;
  /** `tensors[i].id === i`. A tensor that no operator mentions any more simply stays unused. */
  readonly tensors: readonly Tensor[];
  readonly ops: readonly Op[];
  readonly inputs: readonly TensorId[];
  readonly outputs: readonly TensorId[];
}

/** The tensor with this id; throws RangeError (a bug in reflow) when there is none. */
export function tensorOf(graph: Graph, id: TensorId): Tensor {
  const tensor = graph.tensors[id];
  if (tensor === undefined) throw new RangeError(`graph ${graph.name} has no tensor ${id}`);
  return tensor;
}

/** For each tensor id, the indices (positions in `graph.ops`) of the operators that read it. */
export function consumers(graph: Graph): Map<TensorId, number[]> {
  const readers = new Map<TensorId, number[]>();
  graph.ops.forEach((op, index) => {
    for (const id of new Set(op.inputs)) {
      if (id === null) continue;
      const list = readers.get(id);
      if (list) list.push(index);
      else readers.set(id, [index]);
    }
  });
  return readers;
}
