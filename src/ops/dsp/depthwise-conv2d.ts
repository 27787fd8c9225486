/** DEPTHWISE_CONV_2D of int8 images on the DSP extension: rf_depthwise_conv2d_s8_dsp and its kin for square filters. */
import { typedArray } from '../../ir/tensor.js';
import { windowStruct } from '../convolution.js';
import type { DepthwiseConv2dAttrs } from '../depthwise-conv2d.js';
import { windowOf } from '../geometry.js';
import type { KernelCall, OpView } from '../op-def.js';
import { activationRange, perTensor } from '../quantise.js';
import { channelOf, channelScales, roundsDown, scalingOf } from './requantise.js';

/** The columns of a strip take this much working memory at most, where four pixels do not need more. */
const columnBytes = 768;

/** Sums stand in the upper 24 bits of a word. */
const sumBits = 24;

/** Null: other types, several filters per channel, odd channels, or numbers for which the arithmetic is not exact. */
export function depthwiseConv2dDsp(view: OpView<DepthwiseConv2dAttrs>): readonly KernelCall[] | null {
  const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
  const [, kernelH = 1, kernelW = 1, channels = 1] = weights.shape;
  if (input.dtype !== 'int8' || input.shape[3] !== channels || channels % 4 !== 0) return null;
  const { strideH, strideW, dilationH, dilationW, activation } = view.attrs;
  const axes = windowOf(input.shape, kernelH, kernelW, view.attrs);
  const range = activationRange(activation, output);
  const words = 4 * Math.floor(kernelH / 2) + 2 * (kernelH % 2);
  const bytesOf = (pixels: number) => 4 * words * ((pixels - 1) * strideW + (kernelW - 1) * dilationW + 1);
  let strip = Math.min(axes.w.out, 4);
  while (strip < axes.w.out && bytesOf(strip + 4) <= columnBytes) strip += 4;
  strip = Math.min(strip, axes.w.out);
  const down = roundsDown(activation, output);
  const square =
    down &&
    kernelH === kernelW &&
    [3, 5, 7].includes(kernelH) &&
    strideH === strideW &&
    strideW <= 2 &&
    dilationH * dilationW === 1;
  const three = square && kernelH === 3;
  const packed = packFilters(view, three ? order3x3 : filterOrder(kernelH, kernelW), channels);
  if (!packed) return null;
  const special = square ? `_${kernelH}x${kernelW}_s${strideW}` : '';
  return [
    {
      kernel: three ? `depthwise_3x3_s${strideW}_s8_dsp` : `depthwise_conv2d_s8_dsp${special}`,
      file: three ? 'depthwise_3x3_dsp' : 'depthwise_conv2d_dsp',
      paramsType: three ? 'depthwise_3x3_s8_dsp_params' : 'depthwise_conv2d_s8_dsp_params',
      params: {
        in: { plane: input.id },
        out: { plane: output.id },
        window: windowStruct(kernelH, kernelW, view.attrs, axes),
        in_zero: perTensor(input).zeroPoint,
        act_min: range.min,
        act_max: range.max,
        ...(three ? {} : { rounds_down: down ? 1 : 0 }),
        strip,
        weights: { array: { role: 'weights', values: packed.weights, weight: true } },
        table: { array: { role: 'table', values: packed.table, weight: false } },
      },
      form: 'rows',
      reads: [input.id],
      writes: [output.id],
      scratchBytes: (three ? 0 : 16 * Math.ceil(kernelH / 2) * kernelW) + bytesOf(strip),
    },
  ];
}

function packFilters(view: OpView<DepthwiseConv2dAttrs>, order: readonly number[], channels: number) {
  const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
  const bias = view.inputs[2] ?? null;
  const values = typedArray('int8', weights.data!) as Int8Array;
  const biases = bias ? typedArray('int32', bias.data!) : new Int32Array(channels);
  const taps = order.length;
  const down = roundsDown(view.attrs.activation, output);
  const packed = new Int8Array(taps * channels);
  const table = new Int32Array(3 * channels);
  for (const [c, scale] of channelScales(input, weights, output, channels).entries()) {
    const filter = order.map((tap) => values[tap * channels + c]!);
    const channel = channelOf(filter, Number(biases[c]!), perTensor(input).zeroPoint, scale);
    const scaling = channel && scalingOf(channel, perTensor(output).zeroPoint, down, sumBits);
    if (!scaling || Math.abs(scaling.bias) >= 2 ** (sumBits - 1)) return null;
    packed.set(filter, c * taps);
    table.set([scaling.bias * 256 + scaling.shift, scaling.multiplier, scaling.add], 3 * c);
  }
  return { weights: packed, table };
}

/** Taps in the order of depthwise_3x3_dsp.h. */
const order3x3 = [0, 1, 3, 4, 2, 6, 5, 7, 8];

/** Taps in the order of depthwise_conv2d_dsp.h. */
function filterOrder(kernelH: number, kernelW: number): number[] {
  const pairs: [number, number][] = [];
  for (let row = 0; row + 2 <= kernelH; row += 2) {
    for (let x = 0; x < kernelW; x++) pairs.push([row * kernelW + x, (row + 1) * kernelW + x]);
  }
  const order: number[] = [];
  for (let at = 0; at < pairs.length; at += 2) {
    const [first, second] = [pairs[at]!, pairs[at + 1]];
    order.push(...(second ? [first[0], second[0], first[1], second[1]] : first));
  }
  if (kernelH % 2 === 1) for (let x = 0; x < kernelW; x++) order.push((kernelH - 1) * kernelW + x);
  return order;
}
