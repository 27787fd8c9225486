/** CONV_2D of int8 images on the DSP extension, and what amounts to it: rf_conv2d_s8_dsp. */
import { elementCount, typedArray } from '../../ir/tensor.js';
import type { Conv2dAttrs } from '../conv2d.js';
import { windowStruct } from '../convolution.js';
import { type WindowAttrs, windowOf } from '../geometry.js';
import type { CStruct, KernelCall, OpView } from '../op-def.js';
import { type Activation, activationRange, perTensor } from '../quantise.js';
import { convolutionInstructions } from './convolution-instructions.js';
import { packPanel, panelOrder } from './panel.js';
import { channelOf, channelScales, roundsDown } from './requantise.js';

/** Gathered inputs take this much working memory at most, where one pixel at a time does not need more. */
const columnBytes = 2304;

/** The kernel computes so many together. */
const mostPixels = 4;

/** Kernel rows that the kernel has room for. */
const mostRows = 16;

/** Null: other types, groups, or numbers for which the fast arithmetic is not exact. */
export function conv2dDsp(view: OpView<Conv2dAttrs>): readonly KernelCall[] | null {
  const [input, weights] = [view.input(0), view.input(1)];
  if (input.dtype !== 'int8' || input.shape[3] !== weights.shape[3]) return null;
  const [count = 1, kernelH = 1, kernelW = 1] = weights.shape;
  const values = typedArray('int8', weights.data!) as Int8Array;
  return convolutionCall(view, view.attrs.activation, { count, kernelH, kernelW, values });
}

/**
 * The same with fewer and fewer pixels at a time: a column less to gather, and every weight loaded more often. Two pixels
 * may also be computed in two parts, which takes half the columns and a place for sums.
 */
export function fewerPixels(view: OpView<WindowAttrs>, call: KernelCall): readonly KernelCall[] {
  if (call.kernel !== kernel) return [];
  const most = Number(call.params.pixels);
  const calls = Array.from({ length: most }, (_, i) => withPixels(view, call, most - i));
  const parts = most > 1 ? inParts(view, calls.at(-2)!) : null;
  return parts ? [...calls.slice(1, -1), parts, calls.at(-1)!] : calls.slice(1);
}

/** Null where a part does not hold a multiple of four pairs, or channels do not come in fours. */
function inParts(view: OpView<WindowAttrs>, call: KernelCall): KernelCall | null {
  const { struct } = call.params.window as { struct: Readonly<Record<string, number>> };
  const { kernel_h: kernelH = 1, kernel_w: kernelW = 1 } = struct;
  const [input, output] = [view.input(0), view.output(0)];
  const channels = output.shape[3]!;
  if (kernelH < 2 || (kernelW * input.shape[3]!) % 8 !== 0 || input.shape[3]! % 4 !== 0 || channels % 4 !== 0)
    return null;
  const pairs = Number(call.params.pairs);
  const first = Math.ceil(kernelH / 2);
  const { whole, byRow } = call.instructions!;
  const outputs = elementCount(output.shape);
  // Sums are stored and loaded, and most else is done twice.
  const more = 4 * outputs + (60 * outputs) / channels;
  return {
    ...call,
    params: { ...call.params, first_rows: first },
    scratchBytes: 4 * Math.max((2 * first * pairs) / kernelH, pairs) + 8 * channels,
    instructions: { whole: whole + more, byRow: byRow + more },
  };
}

/** A call with the columns, and so the working memory and the instructions, of at most `pixels` at a time. */
function withPixels(view: OpView<WindowAttrs>, call: KernelCall, pixels: number): KernelCall {
  const [input, output] = [view.input(0), view.output(0)];
  const pairs = Number(call.params.pairs);
  const { kernel_h, kernel_w, stride_w, dilation_w, pad_left } = (call.params.window as { struct: CStruct })
    .struct as Readonly<Record<string, number>>;
  const run = kernel_w! * input.shape[3]!;
  const [, , inWidth = 1, inChannels = 1] = input.shape;
  const [images = 1, height = 1, width = 1, channels = 1] = output.shape;
  return {
    ...call,
    params: { ...call.params, pixels },
    scratchBytes: 4 * pixels * pairs + (inChannels % 4 === 0 ? 0 : run),
    instructions: convolutionInstructions({
      ...{ rows: images * height, width, pixels, pairs, run },
      couples: Math.ceil(channels / 2),
      kernelRows: kernel_h!,
      insideBegin: Math.ceil(pad_left! / stride_w!),
      insideEnd: dilation_w === 1 ? Math.floor((inWidth - kernel_w! + pad_left! + stride_w!) / stride_w!) : 0,
    }),
  };
}

const kernel = 'conv2d_s8_dsp';

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
  const call: KernelCall = {
    kernel,
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
      first_rows: 0,
      weights: { array: { role: 'weights', values: panel.weights, weight: true } },
      table: { array: { role: 'table', values: panel.table, weight: false } },
    },
    form: 'rows',
    reads: [input.id],
    writes: [output.id],
    scratchBytes: 0,
  };
  return [withPixels(view, call, pixels)];
}
