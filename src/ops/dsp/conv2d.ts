/** CONV_2D of int8 images on the DSP extension, and what amounts to it: rf_conv2d_s8_dsp. */
import { typedArray } from '../../ir/tensor.js';
import type { Conv2dAttrs } from '../conv2d.js';
import { windowStruct } from '../convolution.js';
import { type WindowAttrs, windowOf } from '../geometry.js';
import type { KernelCall, OpView } from '../op-def.js';
import { type Activation, activationRange, perTensor } from '../quantise.js';
import { packPanel, panelOrder } from './panel.js';
import { channelOf, channelScales, roundsDown } from './requantise.js';

/** Gathered inputs take this much working memory at most, where one pixel at a time does not need more. */
const columnBytes = 2304;

/** Kernel rows that the kernel has room for. */
const mostRows = 16;

/** Null: other types, groups, or numbers for which the fast arithmetic is not exact. */
export function conv2dDsp(view: OpView<Conv2dAttrs>): readonly KernelCall[] | null {
  return convolution(view, 4);
}

/** The same one pixel at a time: the least working memory, and every weight loaded for each pixel. */
export function conv2dDspLean(view: OpView<Conv2dAttrs>): readonly KernelCall[] | null {
  return convolution(view, 1);
}

function convolution(view: OpView<Conv2dAttrs>, mostPixels: number): readonly KernelCall[] | null {
  const [input, weights] = [view.input(0), view.input(1)];
  if (input.dtype !== 'int8' || input.shape[3] !== weights.shape[3]) return null;
  const [count = 1, kernelH = 1, kernelW = 1] = weights.shape;
  const values = typedArray('int8', weights.data!) as Int8Array;
  return convolutionCall(view, view.attrs.activation, { count, kernelH, kernelW, values }, mostPixels);
}

/** Filters over all input channels: [filter][kernel row][kernel column][channel]. */
export interface Filters {
  readonly count: number;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly values: Int8Array;
}

/** The call for an operator whose input 0 is the image, input 1 the weights (for their scales) and input 2 the bias. */
export function convolutionCall(
  view: OpView<WindowAttrs>,
  activation: Activation,
  { count, kernelH, kernelW, values }: Filters,
  mostPixels = 4,
): readonly KernelCall[] | null {
  if (kernelH > mostRows) return null;
  const [input, output, bias] = [view.input(0), view.output(0), view.inputs[2] ?? null];
  const biases = bias ? typedArray('int32', bias.data!) : new Int32Array(count);
  const inputs = values.length / count;
  const [inZero, outZero] = [perTensor(input).zeroPoint, perTensor(output).zeroPoint];
  const down = roundsDown(activation, output);
  const channels = channelScales(input, view.input(1), output, count).map((scale, channel) =>
    channelOf(
      values.subarray(channel * inputs, (channel + 1) * inputs),
      Number(biases[channel]!),
      inZero,
      scale,
    ),
  );
  const run = inputs / kernelH;
  const order = panelOrder(kernelH, run, 4);
  const panel = packPanel(values, channels, order, outZero, down);
  if (!panel) return null;
  const range = activationRange(activation, output);
  const pixels = Math.max(1, Math.min(mostPixels, Math.floor(columnBytes / (4 * order.length))));
  const axes = windowOf(input.shape, kernelH, kernelW, view.attrs);
  return [
    {
      kernel: 'conv2d_s8_dsp',
      file: 'conv2d_dsp',
      paramsType: 'conv2d_s8_dsp_params',
      params: {
        in: { plane: input.id },
        out: { plane: output.id },
        window: windowStruct(kernelH, kernelW, view.attrs, axes),
        in_zero: inZero,
        act_min: range.min,
        act_max: range.max,
        rounds_down: down ? 1 : 0,
        pixels,
        pairs: order.length,
        weights: { array: { role: 'weights', values: panel.weights, weight: true } },
        table: { array: { role: 'table', values: panel.table, weight: false } },
      },
      form: 'rows',
      reads: [input.id],
      writes: [output.id],
      scratchBytes: 4 * pixels * order.length + (input.shape[3]! % 4 === 0 ? 0 : run),
    },
  ];
}
