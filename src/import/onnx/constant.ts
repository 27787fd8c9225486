/** Values that are known at import: raw little-endian bytes with an element type and the shape that ONNX gives them. */
import { type DType, elementCount, type Quant, typedArray } from '../../ir/tensor.js';
import { stridesOf } from '../../ops/move.js';

export interface Constant {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
  readonly quant?: Quant;
  /** The integers that a DequantizeLinear made these real numbers from. */
  readonly stored?: Constant;
}

const bounds = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};
const [smallest64, largest64] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Numbers as a constant; integers are truncated and saturate. */
export function constantOf(dtype: DType, shape: readonly number[], values: readonly number[]): Constant {
  return { dtype, shape, data: bytesOf(dtype, values) };
}

function bytesOf(dtype: DType, values: readonly number[]): Uint8Array {
  switch (dtype) {
    case 'float32':
      return new Uint8Array(Float32Array.from(values).buffer);
    case 'bool':
      return Uint8Array.from(values, (value) => (value ? 1 : 0));
    case 'int64':
      return new Uint8Array(BigInt64Array.from(values, toInt64).buffer);
    default: {
      const [low = 0, high = 0] = bounds[dtype];
      const whole = values.map((value) => Math.min(Math.max(Math.trunc(value) || 0, low), high));
      const arrays = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array, int32: Int32Array };
      return new Uint8Array(arrays[dtype].from(whole).buffer);
    }
  }
}

function toInt64(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value === Infinity) return largest64;
  if (value === -Infinity) return smallest64;
  const whole = BigInt(Math.trunc(value));
  return whole > largest64 ? largest64 : whole < smallest64 ? smallest64 : whole;
}

/** The elements as numbers; int64 loses precision beyond 2^53. */
export function numbersOf({ dtype, data }: Constant): number[] {
  return Array.from(typedArray(dtype, data), Number);
}

/** The same numbers under another shape. */
export function reshaped({ dtype, data, quant }: Constant, shape: readonly number[]): Constant {
  return { dtype, shape, data, ...(quant ? { quant } : {}) };
}

/** For each element of `dims`, row-major, its offset with these strides. */
export function offsets(dims: readonly number[], strides: readonly number[], first = 0): Int32Array {
  const result = new Int32Array(elementCount(dims));
  const at = dims.map(() => 0);
  let offset = first;
  for (let index = 0; index < result.length; index++) {
    result[index] = offset;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++at[axis]! < dims[axis]!) break;
      offset -= at[axis]! * strides[axis]!;
      at[axis] = 0;
    }
  }
  return result;
}

/** The elements at these positions, in this order, under a new shape. */
export function picked(constant: Constant, positions: ArrayLike<number>, shape: readonly number[]): Constant {
  const bytes = constant.data.length / Math.max(1, elementCount(constant.shape));
  const data = new Uint8Array(positions.length * bytes);
  for (let index = 0; index < positions.length; index++)
    data.set(
      constant.data.subarray(positions[index]! * bytes, (positions[index]! + 1) * bytes),
      index * bytes,
    );
  return { dtype: constant.dtype, shape, data, ...(constant.quant ? { quant: constant.quant } : {}) };
}

/** Output axis i is input axis permutation[i]; a scale per channel moves with its axis. */
export function transposed(constant: Constant, permutation: readonly number[]): Constant {
  const strides = stridesOf(constant.shape);
  const dims = permutation.map((axis) => constant.shape[axis]!);
  const moved = picked(
    constant,
    offsets(
      dims,
      permutation.map((axis) => strides[axis]!),
    ),
    dims,
  );
  const { quant } = constant;
  if (!quant || quant.axis === null) return moved;
  return { ...moved, quant: { ...quant, axis: permutation.indexOf(quant.axis) } };
}

/** The elements at these positions along each axis; null keeps an axis whole. */
export function taken(constant: Constant, lists: readonly (readonly number[] | null)[]): Constant {
  const strides = stridesOf(constant.shape);
  const shape = constant.shape.map((dim, axis) => lists[axis]?.length ?? dim);
  let positions = new Int32Array(1);
  shape.forEach((dim, axis) => {
    const list = lists[axis];
    const next = new Int32Array(positions.length * dim);
    positions.forEach((base, outer) => {
      for (let at = 0; at < dim; at++)
        next[outer * dim + at] = base + (list ? list[at]! : at) * strides[axis]!;
    });
    positions = next;
  });
  return picked(constant, positions, shape);
}

/** Constants of one type joined along an axis. */
export function joined(parts: readonly Constant[], axis: number, shape: readonly number[]): Constant {
  const [first] = parts;
  const data = new Uint8Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  const outer = elementCount(shape.slice(0, axis));
  const runs = parts.map((part) => part.data.length / outer);
  let to = 0;
  for (let index = 0; index < outer; index++) {
    parts.forEach((part, at) => {
      data.set(part.data.subarray(index * runs[at]!, (index + 1) * runs[at]!), to);
      to += runs[at]!;
    });
  }
  return { dtype: first!.dtype, shape, data };
}
