/** How tensors are spelled in the generated C. */
import type { Graph } from '../ir/graph.js';
import { tensorOf } from '../ir/graph.js';
import type { DType, Tensor } from '../ir/tensor.js';
import { plainText } from './literal.js';

const cTypes: Readonly<Record<DType, string>> = {
  int8: 'int8_t',
  uint8: 'uint8_t',
  int16: 'int16_t',
  int32: 'int32_t',
  int64: 'int64_t',
  float32: 'float',
  bool: 'uint8_t',
};

export function cType(dtype: DType): string {
  return cTypes[dtype];
}

/** `RF_INT8` and so on, of rf.h's rf_dtype. */
export function rfDtype(dtype: DType): string {
  return `RF_${dtype.toUpperCase()}`;
}

/** `int8 1x49x10x1` */
export function typeText(tensor: Tensor): string {
  return `${tensor.dtype} ${tensor.shape.length === 0 ? 'scalar' : tensor.shape.join('x')}`;
}

/** The tensors that live in the arena: graph inputs, then what operators write, each once, by id. */
export function arenaTensors(graph: Graph): Tensor[] {
  const ids = new Set([...graph.inputs, ...graph.ops.flatMap((op) => op.outputs), ...graph.outputs]);
  return [...ids].sort((a, b) => a - b).map((id) => tensorOf(graph, id));
}

/** A tensor's name as it may stand in a comment; converters join names to hundreds of characters. */
export function nameText(tensor: Tensor): string {
  const text = plainText(tensor.name);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
