/** Which elements of constants meet when they broadcast. */
import { elementCount } from '../../ir/tensor.js';
import { offsets } from './constant.js';

/** For each element of `shape` the element of a smaller operand that it meets. */
export function broadcastPositions(from: readonly number[], shape: readonly number[]): Int32Array {
  const own = [...Array<number>(shape.length - from.length).fill(1), ...from];
  const strides = own.map((dim, axis) => (dim === 1 ? 0 : elementCount(own.slice(axis + 1))));
  return offsets(shape, strides);
}
