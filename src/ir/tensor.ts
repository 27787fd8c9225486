/**
 * The intermediate representation: frozen values, flat arrays, references by index. `ir` is pure: no disk, no clock, no
 * process. Nobody changes a Graph; a pass returns a new one.
 */

import { ReflowError } from '../base/error.js';

export type DType = 'int8' | 'uint8' | 'int16' | 'int32' | 'int64' | 'float32' | 'bool';

/** Bytes of one element. */
export const dtypeBytes: Readonly<Record<DType, number>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  float32: 4,
  bool: 1,
};

/**
 * Affine quantisation, real = scale * (q - zeroPoint). One entry per tensor, or one per slice along `axis`.
 * Scales are float32 values (as TFLite stores them) held in JavaScript numbers.
 */
export interface Quant {
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number | null;
}

/** Index into `Graph.tensors`. For an imported file it is the tensor's index in that file, and passes keep it. */
export type TensorId = number;

/** A value in the network. `data` is raw little-endian bytes for a constant, null for what is computed at run time. */
export interface Tensor {
  readonly id: TensorId;
  readonly name: string;
  readonly dtype: DType;
  /** Outermost first; images are NHWC. All entries are positive integers; a scalar is []. */
  readonly shape: readonly number[];
  readonly quant: Quant | null;
  readonly data: Uint8Array | null;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** No tensor is larger: its bytes are counted in 31 bits in C. */
export const maxTensorBytes = 2 ** 31 - 1;

/** Bytes that a tensor occupies in memory, without alignment. */
export function tensorBytes(tensor: Pick<Tensor, 'dtype' | 'shape'>): number {
  return elementCount(tensor.shape) * dtypeBytes[tensor.dtype];
}

type ConstantArray = Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array | Float32Array;

const arrayOf = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  bool: Uint8Array,
} as const;

/** Typed copy of raw little-endian bytes (a copy, so that alignment and later changes do not matter). */
export function typedArray(dtype: DType, bytes: Uint8Array): ConstantArray {
  return new arrayOf[dtype](bytes.slice().buffer);
}

/** The elements of a constant tensor as numbers; int64 loses precision beyond 2^53. Null when it is not constant. */
export function constantValues(tensor: Tensor): number[] | null {
  return tensor.data === null ? null : Array.from(typedArray(tensor.dtype, tensor.data), Number);
}

/**
 * The elements of a constant tensor of integers: axes, shapes, positions. Null when it is not constant; throws ReflowError
 * E_GRAPH when it is of another type.
 */
export function constantIntegers(tensor: Tensor): number[] | null {
  if (tensor.dtype === 'float32' || tensor.dtype === 'bool') {
    throw new ReflowError(
      'E_GRAPH',
      `tensor ${tensor.id} (${tensor.name}) is ${tensor.dtype} where integers belong`,
      'export the network again',
    );
  }
  return constantValues(tensor);
}
