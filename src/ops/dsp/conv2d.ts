/** CONV_2D of int8 images on the DSP extension: rf_conv2d_s8_dsp. */
import { elementCount, typedArray } from '../../ir/tensor.js';
import type { Conv2dAttrs } from '../conv2d.js';
import { windowStruct } from '../convolution.js';
import { windowOf } from '../geometry.js';
import type { KernelCall, OpView } from '../op-def.js';
import { activationRange, perTensor } from '../quantise.js';
import { packPanel, panelOrder } from './panel.js';
import { channelOf, channelScales, roundsDown } from './requantise.js';

/** Gathered inputs take this much working memory at most, where one pixel at a time does not need more. */
const columnBytes = 2304;

/** Kernel rows that the kernel has room for. */
const mostRows = 16;

/** Null: other types, groups, or numbers for which the fast arithmetic is not exact. */
export function conv2dDsp(view: OpView<Conv2dAttrs>): readonly KernelCall[] | null {
  const [input, weights, output, bias] = [
    view.input(0),
    view.input(1),
    view.output(0),
    view.inputs[2] ?? null,
  ];
  if (input.dtype !== 'int8' || input.shape[3] !== weights.shape[3]) return null;
  const [count = 1, kernelH = 1, kernelW = 1, channels = 1] = weights.shape;
  if (kernelH > mostRows) return null;
  const values = typedArray('int8', weights.data!) as Int8Array;
  const biases = bias ? typedArray('int32', bias.data!) : new Int32Array(count);
  const inputs = elementCount(weights.shape.slice(1));
  const inZero = perTensor(input).zeroPoint;
  const outZero = perTensor(output).zeroPoint;
  const down = roundsDown(view.attrs.activation, output);
  const folded = channelScales(input, weights, output, count).map((scale, channel) =>
    channelOf(
      values.subarray(channel * inputs, (channel + 1) * inputs),
      Number(biases[channel]!),
      inZero,
      scale,
    ),
  );
  const order = panelOrder(kernelH, kernelW * channels, 4);
  const panel = packPanel(values, folded, order, outZero, down);
  if (!panel) return null;
  const axes = windowOf(input.shape, kernelH, kernelW, view.attrs);
  const range = activationRange(view.attrs.activation, output);
  const pixels = Math.max(1, Math.min(4, Math.floor(columnBytes / (4 * order.length))));
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
      scratchBytes: 4 * pixels * order.length + (channels % 4 === 0 ? 0 : kernelW * channels),
    },
  ];
}
