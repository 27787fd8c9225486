/** Shape arithmetic at compile time: element-wise operators on constant int32 and int64 tensors, wrapping as C does. */
import { elementCount, type Tensor, typedArray } from '../ir/tensor.js';
import { broadcastShape, maxRank, padded, strides } from './broadcast.js';
import type { OpView } from './op-def.js';
import { type Activation, activationBounds } from './quantise.js';

/** More elements than this is no shape arithmetic, and is left to the device. */
const maxElements = 4096;

/**
 * The output's bytes when both operands are constant plain integers of the output's type; null otherwise. Throws
 * ReflowError E_GRAPH when the shapes do not broadcast.
 */
export function foldIntegers(
  view: OpView,
  activation: Activation,
  evaluate: (a: bigint, b: bigint) => bigint,
): readonly Uint8Array[] | null {
  const [a, b, out] = [view.input(0), view.input(1), view.output(0)];
  const count = elementCount(out.shape);
  const [left, right] = [integers(a), integers(b)];
  if (!left || !right || a.dtype !== out.dtype || b.dtype !== out.dtype) return null;
  if (count > maxElements || out.shape.length > maxRank) return null;
  if (broadcastShape(a.shape, b.shape).join() !== out.shape.join()) return null;
  const clamp = clampFor(activation);
  const dims = padded(out.shape, maxRank);
  const [stepsA, stepsB] = [strides(a.shape), strides(b.shape)];
  const values = Array.from({ length: count }, (_, index) => {
    const position = coordinates(index, dims);
    return clamp(evaluate(left[offset(position, stepsA)]!, right[offset(position, stepsB)]!));
  });
  return [integerBytes(out, values)];
}

/** Constant elements of an int32 or int64 tensor; null for anything else. */
export function integers(tensor: Tensor): bigint[] | null {
  if (tensor.data === null || (tensor.dtype !== 'int32' && tensor.dtype !== 'int64')) return null;
  return Array.from(typedArray(tensor.dtype, tensor.data), BigInt);
}

/** Raw bytes of an int32 or int64 tensor's elements; each wraps around. */
export function integerBytes(tensor: Tensor, values: readonly bigint[]): Uint8Array {
  const array =
    tensor.dtype === 'int64'
      ? BigInt64Array.from(values)
      : Int32Array.from(values, (value) => Number(BigInt.asIntN(32, value)));
  return new Uint8Array(array.buffer);
}

function clampFor(activation: Activation): (value: bigint) => bigint {
  const [low, high] = activationBounds(activation);
  return (value) => (value < low ? BigInt(low) : value > high ? BigInt(high) : value);
}

function coordinates(index: number, dims: readonly number[]): number[] {
  let rest = index;
  return dims
    .map((_, axis) => elementCount(dims.slice(axis + 1)))
    .map((stride) => {
      const at = Math.floor(rest / stride);
      rest -= at * stride;
      return at;
    });
}

function offset(position: readonly number[], steps: readonly number[]): number {
  return position.reduce((sum, at, axis) => sum + at * steps[axis]!, 0);
}
