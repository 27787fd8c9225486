/** Where a sliding window lies over an image: TFLite's padding rules (tensorflow/lite/kernels/padding.h). */
import { ReflowError } from '../base/error.js';
import { dtypeBytes, type Tensor } from '../ir/tensor.js';
import type { RowOverlap, RowRule } from './op-def.js';

/** Padding as networks state it; `explicit` carries `pads`. */
export type Padding = 'same' | 'valid' | 'explicit';

/** Sliding-window attributes shared by convolutions and pools. `pads` is [top, bottom, left, right], used by `explicit`. */
export type WindowAttrs = {
  readonly padding: Padding;
  readonly pads: readonly number[];
  readonly strideH: number;
  readonly strideW: number;
  readonly dilationH: number;
  readonly dilationW: number;
};

export interface Axis {
  readonly out: number;
  readonly padBefore: number;
}

/** TFLite's Padding enum: 0 SAME, 1 VALID. */
export function paddingOf(code: number): Padding {
  return code === 0 ? 'same' : 'valid';
}

/** Positions along an axis, padding included, are 32-bit in C, with room to spare for a sum of two. */
const largestPosition = 2 ** 29;

/** Output length and padding before the first element, along one axis. */
export function windowAxis(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: Padding,
  before: number,
  after: number,
): Axis {
  if (stride < 1 || dilation < 1 || kernel < 1 || before < 0 || after < 0) {
    throw new ReflowError(
      'E_GRAPH',
      `a window of ${kernel} with stride ${stride} and dilation ${dilation} is impossible`,
      'export the network again; the file is damaged or the exporter is at fault',
    );
  }
  const reach = (kernel - 1) * dilation + 1;
  if (reach + size + stride + before + after > largestPosition) {
    throw new ReflowError(
      'E_GRAPH',
      `a window that reaches over ${reach} cells with stride ${stride} is too large`,
      'export the network again; the file is damaged or the exporter is at fault',
    );
  }
  if (padding === 'same') {
    const out = Math.ceil(size / stride);
    return { out, padBefore: Math.max(0, (out - 1) * stride + reach - size) >> 1 };
  }
  const padded = padding === 'valid' ? size : size + before + after;
  return { out: Math.floor((padded + stride - reach) / stride), padBefore: padding === 'valid' ? 0 : before };
}

/** Both axes of a window over an NHWC image. */
export function windowOf(
  shape: readonly number[],
  kernelH: number,
  kernelW: number,
  attrs: WindowAttrs,
): { h: Axis; w: Axis } {
  const [top = 0, bottom = 0, left = 0, right = 0] = attrs.pads;
  return {
    h: windowAxis(shape[1]!, kernelH, attrs.strideH, attrs.dilationH, attrs.padding, top, bottom),
    w: windowAxis(shape[2]!, kernelW, attrs.strideW, attrs.dilationW, attrs.padding, left, right),
  };
}

/** The rows that an output row of a window reads; null for batches, which do not run row by row. */
export function windowRows(
  shape: readonly number[],
  axis: Axis,
  kernel: number,
  stride: number,
  dilation: number,
): RowRule | null {
  if (shape[0] !== 1) return null;
  const top = (y: number) => y * stride - axis.padBefore;
  return {
    kind: 'window',
    first: (y) => Math.max(0, top(y)),
    last: (y) => Math.min(shape[1]!, top(y) + (kernel - 1) * dilation + 1),
  };
}

/**
 * For kernels in which output channel c of a pixel reads channel c of its window alone: depthwise convolutions and pools. All
 * walk the pixels of a channel from left to right, so a pixel that no window further right reads may be replaced, channel by
 * channel: hence the distance in whole pixels.
 */
export function channelwiseRowOverlap(
  input: Tensor,
  output: Tensor,
  axis: Axis,
  stride: number,
): RowOverlap | null {
  const [channels, outChannels] = [input.shape[3]!, output.shape[3]!];
  if (channels !== outChannels || input.dtype !== output.dtype) return null;
  const pixels = Math.max(0, axis.padBefore - stride + 1);
  return { leadBytes: pixels * channels * dtypeBytes[input.dtype], exact: true };
}

/**
 * For convolutions: all channels of a pixel read its whole window, pixels follow each other from left to right, and a kernel
 * that computes several at once has read all their windows before it writes the first.
 */
export function pixelwiseRowOverlap(input: Tensor, output: Tensor, axis: Axis, stride: number): RowOverlap {
  const inBytes = input.shape[3]! * dtypeBytes[input.dtype];
  const outBytes = output.shape[3]! * dtypeBytes[output.dtype];
  let leadBytes = 0;
  for (let x = 0; x < axis.out; x++)
    leadBytes = Math.max(leadBytes, (x + 1) * outBytes - Math.max(0, x * stride - axis.padBefore) * inBytes);
  return { leadBytes, exact: false };
}
