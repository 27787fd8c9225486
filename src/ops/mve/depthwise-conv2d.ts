/** DEPTHWISE_CONV_2D of int8 images on Helium: rf_depthwise_conv2d_s8_mve. */
import { typedArray } from '../../ir/tensor.js';
import { windowStruct } from '../convolution.js';
import type { DepthwiseConv2dAttrs } from '../depthwise-conv2d.js';
import { channelScales } from '../dsp/requantise.js';
import { windowOf } from '../geometry.js';
import type { KernelCall, OpView } from '../op-def.js';
import { perTensor } from '../quantise.js';
import { convolutionMve } from './conv2d.js';
import { biasOf, constantFields, groupTable, outputFields } from './groups.js';

/** Turned columns take this much working memory at most, where four pixels do not need more. */
const turnedBytes = 1536;

const turnedChannels = 8;

/** Bytes of a vector, which a kernel reads from the start of a window on, and vectors that a filter may have. */
const [vectorBytes, mostVectors] = [16, 4];

/** Rows of a filter that the kernel has room for. */
const mostRows = 16;

/** Null: other types, several filters per channel, odd channels, dilated columns, large filters, or scales of a half or more. */
export function depthwiseConv2dMve(view: OpView<DepthwiseConv2dAttrs>): readonly KernelCall[] | null {
  const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
  const [, kernelH = 1, kernelW = 1, channels = 1] = weights.shape;
  const { strideW, dilationW, activation } = view.attrs;
  const vectors = Math.ceil((kernelH * kernelW) / vectorBytes);
  if (input.dtype !== 'int8') return null;
  if (input.shape[3] === 1) return singleInput(view);
  if (input.shape[3] !== channels || channels % 4 !== 0) return null;
  if (dilationW !== 1 || vectors > mostVectors || kernelH > mostRows) return null;
  const filters = filtersOf(view);
  const inZero = perTensor(input).zeroPoint;
  const table = groupTable(filters, biasOf(view), inZero, channelScales(input, weights, output, channels));
  if (!table) return null;
  const window = windowOf(input.shape, kernelH, kernelW, view.attrs);
  const pitchOf = (pixels: number) => (pixels - 1) * strideW * kernelH + vectors * vectorBytes;
  let strip = Math.min(4, window.w.out);
  while (strip < window.w.out && turnedChannels * pitchOf(strip + 1) <= turnedBytes) strip++;
  // Strips of equal length have fewer pixels in the last one to share its overhead, but no more strips.
  strip = Math.ceil(window.w.out / Math.ceil(window.w.out / strip));
  const pitch = pitchOf(strip);
  return [
    {
      kernel: 'depthwise_conv2d_s8_mve',
      file: 'depthwise_conv2d_mve',
      paramsType: 'depthwise_conv2d_s8_mve_params',
      params: {
        in: { plane: input.id },
        out: { plane: output.id },
        window: windowStruct(kernelH, kernelW, view.attrs, window),
        in_zero: inZero,
        ...outputFields(view, activation),
        strip,
        pitch,
        ...constantFields(joined(filters), table),
      },
      form: 'rows',
      reads: [input.id],
      writes: [output.id],
      scratchBytes: turnedChannels * pitch + (vectors > 1 ? vectors * 4 * vectorBytes : 0),
    },
  ];
}

/** All filters read the only channel: that is a convolution. */
function singleInput(view: OpView<DepthwiseConv2dAttrs>): readonly KernelCall[] | null {
  const [, kernelH = 1, kernelW = 1, count = 1] = view.input(1).shape;
  // The convolution takes its taps row by row.
  const taps = typedArray('int8', view.input(1).data!) as Int8Array;
  const size = kernelH * kernelW;
  const values = taps.map((_, at) => taps[(at % size) * count + Math.floor(at / size)]!);
  return convolutionMve(view, view.attrs.activation, { count, kernelH, kernelW, values });
}

/** The taps of each channel, column by column. */
function filtersOf(view: OpView): Int8Array[] {
  const [, kernelH = 1, kernelW = 1, channels = 1] = view.input(1).shape;
  const values = typedArray('int8', view.input(1).data!) as Int8Array;
  return Array.from({ length: channels }, (_, channel) =>
    Int8Array.from({ length: kernelH * kernelW }, (_, tap) => {
      const [kx, ky] = [Math.floor(tap / kernelH), tap % kernelH];
      return values[(ky * kernelW + kx) * channels + channel]!;
    }),
  );
}

function joined(filters: readonly Int8Array[]): Int8Array {
  return Int8Array.from(filters.flatMap((filter) => [...filter]));
}
