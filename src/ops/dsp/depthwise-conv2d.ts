/** DEPTHWISE_CONV_2D of int8 images on the DSP extension: rf_depthwise_3x3_..., where it pays, or rf_depthwise_conv2d_s8_dsp. */
import { typedArray } from '../../ir/tensor.js';
import { windowStruct } from '../convolution.js';
import type { DepthwiseConv2dAttrs } from '../depthwise-conv2d.js';
import { type Axis, windowOf } from '../geometry.js';
import type { CStruct, KernelCall, OpView } from '../op-def.js';
import { activationRange, perTensor } from '../quantise.js';
import { convolutionCall, fewerPixels } from './conv2d.js';
import { channelOf, channelScales, roundsDown, type Scaling, scalingOf } from './requantise.js';

/** The columns of a strip take this much working memory at most, where four pixels do not need more. */
const columnBytes = 768;

/** Sums stand in the upper 24 bits of a word. */
const sumBits = 24;

/** Kernel rows that rf_depthwise_conv2d_s8_dsp has room for. */
const mostRows = 16;

/** Null: other types, several filters per channel, odd channels, or numbers for which the arithmetic is not exact. */
export function depthwiseConv2dDsp(view: OpView<DepthwiseConv2dAttrs>): readonly KernelCall[] | null {
  const [input, weights] = [view.input(0), view.input(1)];
  const [, kernelH = 1, kernelW = 1, channels = 1] = weights.shape;
  if (input.dtype !== 'int8') return null;
  if (input.shape[3] === 1) return singleInput(view);
  if (input.shape[3] !== channels || channels % 4 !== 0) return null;
  if (kernelH > mostRows) return null;
  const filters = filtersOf(view);
  if (!filters) return null;
  const window = windowOf(input.shape, kernelH, kernelW, view.attrs);
  return isStripCheaper(view, window) ? stripCall(view, filters, window) : pixelCall(view, filters, window);
}

/** All filters read the only channel: that is a convolution. */
function singleInput(view: OpView<DepthwiseConv2dAttrs>): readonly KernelCall[] | null {
  const [, kernelH = 1, kernelW = 1, count = 1] = view.input(1).shape;
  const taps = typedArray('int8', view.input(1).data!) as Int8Array;
  const size = kernelH * kernelW;
  const values = taps.map((_, at) => taps[(at % size) * count + Math.floor(at / size)]!);
  return convolutionCall(view, view.attrs.activation, { count, kernelH, kernelW, values });
}

/** One channel: its taps in the order of the file, and how its sum is scaled. */
interface Filter {
  readonly taps: readonly number[];
  readonly scaling: Scaling;
}

function filtersOf(view: OpView<DepthwiseConv2dAttrs>): Filter[] | null {
  const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
  const bias = view.inputs[2] ?? null;
  const channels = weights.shape[3]!;
  const values = typedArray('int8', weights.data!) as Int8Array;
  const biases = bias ? typedArray('int32', bias.data!) : new Int32Array(channels);
  const down = roundsDown(view.attrs.activation, output);
  const filters: Filter[] = [];
  for (const [c, scale] of channelScales(input, weights, output, channels).entries()) {
    const taps = Array.from({ length: values.length / channels }, (_, tap) => values[tap * channels + c]!);
    const channel = channelOf(taps, Number(biases[c]!), perTensor(input).zeroPoint, scale);
    const scaling = channel && scalingOf(channel, perTensor(output).zeroPoint, down, sumBits);
    if (!scaling || Math.abs(scaling.bias) >= 2 ** (sumBits - 1)) return null;
    filters.push({ taps, scaling });
  }
  return filters;
}

type Window = { readonly h: Axis; readonly w: Axis };

/**
 * Instructions on a Cortex-M4 for four channels of an output row, as the kernels' heads state them: strips turn every input
 * column and run in fours, the other kernel leaves out what lies outside the image.
 */
function isStripCheaper(view: OpView<DepthwiseConv2dAttrs>, window: Window): boolean {
  const [, kernelH = 1, kernelW = 1] = view.input(1).shape;
  const { strideH, strideW, dilationH, dilationW, activation } = view.attrs;
  const runs =
    kernelH * kernelW === 9 &&
    kernelH === kernelW &&
    strideH === strideW &&
    strideW <= 2 &&
    dilationH * dilationW === 1 &&
    roundsDown(activation, view.output(0));
  if (!runs) return false;
  const [, height = 1, width = 1] = view.input(0).shape;
  const taps = tapsInside(window.w, kernelW, strideW, width);
  const rows = tapsInside(window.h, kernelH, strideH, height) / window.h.out;
  const direct = 13 * taps * rows + window.w.out * (9 * rows + 42);
  const out = window.w.out;
  const strip =
    17 * ((out - 1) * strideW + kernelW) + 60 + 4 * (28 + lineCost(out, strideW, blockFor(view, window)));
  return strip <= direct;
}

/** Instructions for one channel of `out` pixels in blocks of four or five, the rest one by one. */
function lineCost(out: number, stride: number, block: number): number {
  return Math.floor(out / block) * (block === 4 ? 58 + 3 * stride : 72 + 4 * stride) + (out % block) * 24;
}

function blockFor(view: OpView<DepthwiseConv2dAttrs>, { w }: Window): 4 | 5 {
  const { strideW } = view.attrs;
  return lineCost(w.out, strideW, 5) < lineCost(w.out, strideW, 4) ? 5 : 4;
}

/** Taps inside the axis, over all outputs along it. */
function tapsInside({ out, padBefore }: Axis, kernel: number, stride: number, size: number): number {
  let taps = 0;
  for (let x = 0; x < out; x++) {
    const first = x * stride - padBefore;
    taps += Math.max(0, Math.min(size, first + kernel) - Math.max(0, first));
  }
  return taps;
}

function shared(view: OpView<DepthwiseConv2dAttrs>, window: Window): CStruct {
  const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
  const range = activationRange(view.attrs.activation, output);
  return {
    in: { plane: input.id },
    out: { plane: output.id },
    window: windowStruct(weights.shape[1]!, weights.shape[2]!, view.attrs, window),
    in_zero: perTensor(input).zeroPoint,
    act_min: range.min,
    act_max: range.max,
  };
}

/** Taps in the order of depthwise_3x3_dsp.h. */
const order3x3 = [0, 1, 3, 4, 2, 6, 5, 7, 8];

function stripCall(
  view: OpView<DepthwiseConv2dAttrs>,
  filters: readonly Filter[],
  window: Window,
): KernelCall[] {
  const { strideW } = view.attrs;
  const block = blockFor(view, window);
  let strip: number = block;
  while (strip < window.w.out && stripBytes(strip + block, strideW) <= columnBytes) strip += block;
  strip = Math.min(strip, window.w.out);
  const weights = filters.flatMap(({ taps }) => order3x3.map((tap) => taps[tap]!));
  const table = filters.flatMap(({ scaling: { bias, multiplier, add, shift } }) => [
    bias * 256 + shift,
    multiplier,
    add,
  ]);
  const call: KernelCall = {
    kernel: `depthwise_3x3_s${strideW}_s8_dsp`,
    file: stripFile,
    paramsType: 'depthwise_3x3_s8_dsp_params',
    params: { ...shared(view, window), strip, block, ...constants(weights, table) },
    form: 'rows',
    reads: [view.input(0).id],
    writes: [view.output(0).id],
    scratchBytes: 0,
  };
  return [withStrip(view, call, strip)];
}

const stripFile = 'depthwise_3x3_dsp';

/** Working memory for strips of so many pixels: three input rows of four channels in pairs. */
function stripBytes(pixels: number, stride: number): number {
  return 24 * ((pixels - 1) * stride + 3);
}

/** The same in half and a quarter of the working memory: shorter strips turn the columns between them more often. */
export function leanerDepthwise(view: OpView<DepthwiseConv2dAttrs>, call: KernelCall): readonly KernelCall[] {
  if (call.file !== stripFile) return fewerPixels(view, call);
  const [block, strip] = [Number(call.params.block), Number(call.params.strip)];
  const whole = Math.ceil(strip / block);
  const blocks = [Math.ceil(whole / 2), Math.ceil(whole / 4), 1].filter((n) => n < whole);
  return [...new Set(blocks)].map((n) => withStrip(view, call, n * block));
}

/** A call with the working memory and the instructions of strips of so many pixels. */
function withStrip(view: OpView<DepthwiseConv2dAttrs>, call: KernelCall, strip: number): KernelCall {
  const { strideW } = view.attrs;
  const [images = 1, height = 1, width = 1, channels = 1] = view.output(0).shape;
  let row = perStripRow;
  for (let x = 0; x < width; x += strip) {
    const out = Math.min(strip, width - x);
    const lines = 4 * (28 + lineCost(out, strideW, Number(call.params.block)));
    row += (channels / 4) * (17 * ((out - 1) * strideW + 3) + 60 + lines);
  }
  const rows = images * height;
  return {
    ...call,
    params: { ...call.params, strip },
    scratchBytes: stripBytes(strip, strideW),
    instructions: { whole: rows * row, byRow: rows * (row + perStripRow) },
  };
}

/** Around a row, and around a call for it. */
const perStripRow = 40;

function pixelCall(
  view: OpView<DepthwiseConv2dAttrs>,
  filters: readonly Filter[],
  window: Window,
): KernelCall[] {
  const inZero = perTensor(view.input(0)).zeroPoint;
  const weights: number[] = [];
  const table: number[] = [];
  for (let c = 0; c < filters.length; c += 4) {
    const four = filters.slice(c, c + 4);
    for (const tap of four[0]!.taps.keys()) weights.push(...four.map(({ taps }) => taps[tap]!));
    // Here the zero point is subtracted from each input, so the bias must not hold it.
    const bias = ({ taps, scaling }: Filter) =>
      scaling.bias + inZero * taps.reduce((sum, tap) => sum + tap, 0);
    table.push(
      ...four.map(bias),
      ...four.map(({ scaling }) => scaling.multiplier),
      ...four.map(({ scaling }) => scaling.add),
      four.reduce((word, { scaling }, byte) => word | (scaling.shift << (8 * byte)), 0),
    );
  }
  const down = roundsDown(view.attrs.activation, view.output(0));
  return [
    {
      kernel: 'depthwise_conv2d_s8_dsp',
      file: 'depthwise_conv2d_dsp',
      paramsType: 'depthwise_conv2d_s8_dsp_params',
      params: { ...shared(view, window), rounds_down: down ? 1 : 0, ...constants(weights, table) },
      form: 'rows',
      reads: [view.input(0).id],
      writes: [view.output(0).id],
      scratchBytes: 0,
    },
  ];
}

function constants(weights: readonly number[], table: readonly number[]): CStruct {
  return {
    weights: { array: { role: 'weights', values: Int8Array.from(weights), weight: true } },
    table: { array: { role: 'table', values: Int32Array.from(table), weight: false } },
  };
}
