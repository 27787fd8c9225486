/** Boxes of elements moved between tensors (runtime-c/ops/move.h): what every operator that only moves data is made of. */
import { dtypeBytes, elementCount, type Tensor, typedArray } from '../ir/tensor.js';
import { maxRank } from './broadcast.js';
import type { KernelCall } from './op-def.js';

/** A box of `dims` elements; strides and offsets in elements. */
export interface Box {
  readonly dims: readonly number[];
  readonly inStrides: readonly number[];
  readonly outStrides: readonly number[];
  readonly inOffset: number;
  readonly outOffset: number;
}

/** Row-major strides of a shape, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** The call that moves one box. */
export function moveCall(input: Tensor, output: Tensor, box: Box): KernelCall {
  const { dims, inStrides, outStrides } = collapse(box);
  const list = (values: readonly number[], filler: number) => ({
    list: [...Array<number>(maxRank - values.length).fill(filler), ...values],
  });
  return {
    kernel: 'move',
    file: 'move',
    paramsType: 'move_params',
    params: {
      element_bytes: dtypeBytes[output.dtype],
      dims: list(dims, 1),
      in_strides: list(inStrides, 0),
      out_strides: list(outStrides, 0),
      in_offset: box.inOffset,
      out_offset: box.outOffset,
    },
    form: 'whole',
    reads: [input.id],
    writes: [output.id],
    scratchBytes: 0,
  };
}

/** Sets every element of a tensor to one value, given as its little-endian bytes. */
export function fillCall(output: Tensor, value: Uint8Array): KernelCall {
  return {
    kernel: 'fill',
    file: 'move',
    paramsType: 'fill_params',
    params: {
      element_bytes: dtypeBytes[output.dtype],
      count: elementCount(output.shape),
      value: { list: [...value] },
    },
    form: 'whole',
    reads: [],
    writes: [output.id],
    scratchBytes: 0,
  };
}

/** Writes values that are known at compile time, for shape arithmetic whose result is an output of the network. */
export function constantCall(output: Tensor, value: Uint8Array): KernelCall {
  return {
    kernel: 'constant',
    file: 'move',
    paramsType: 'constant_params',
    params: {
      bytes: value.length,
      from: { array: { role: 'value', values: typedArray('uint8', value), weight: false } },
    },
    form: 'whole',
    reads: [],
    writes: [output.id],
    scratchBytes: 0,
  };
}

/** `moveCall` on bytes at compile time, for shape arithmetic. */
export function moveBytes(box: Box, elementBytes: number, from: Uint8Array, to: Uint8Array): void {
  const at = box.dims.map(() => 0);
  for (let count = elementCount(box.dims); count > 0; count--) {
    const source = (box.inOffset + dot(at, box.inStrides)) * elementBytes;
    to.set(
      from.subarray(source, source + elementBytes),
      (box.outOffset + dot(at, box.outStrides)) * elementBytes,
    );
    for (let axis = at.length - 1; axis >= 0 && ++at[axis]! === box.dims[axis]; axis--) at[axis] = 0;
  }
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}

/** Dimensions that a box has once neighbours are joined; kernels take at most `maxRank`. */
export function boxRank(box: Box): number {
  return collapse(box).dims.length;
}

/** Drops dimensions of 1 and joins neighbours that are contiguous on both sides, so that the inner run is long. */
function collapse({ dims, inStrides, outStrides }: Box) {
  const joined: { dim: number; inStride: number; outStride: number }[] = [];
  for (const [axis, dim] of dims.entries()) {
    if (dim === 1) continue;
    const [inStride, outStride] = [inStrides[axis]!, outStrides[axis]!];
    const outer = joined.at(-1);
    if (outer && outer.inStride === dim * inStride && outer.outStride === dim * outStride) {
      joined[joined.length - 1] = { dim: outer.dim * dim, inStride, outStride };
    } else joined.push({ dim, inStride, outStride });
  }
  if (joined.length === 0) joined.push({ dim: 1, inStride: 1, outStride: 1 });
  return {
    dims: joined.map(({ dim }) => dim),
    inStrides: joined.map(({ inStride }) => inStride),
    outStrides: joined.map(({ outStride }) => outStride),
  };
}
