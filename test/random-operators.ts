/** Random operators for kernel tests: odd shapes, every padding and stride, extreme zero points, scales and biases. */

import type { Attrs, Graph } from '../src/ir/graph.js';
import { type DType, elementCount, type Quant, type Tensor } from '../src/ir/tensor.js';
import { defOf } from '../src/ops/index.js';
import { type OpView, viewOp } from '../src/ops/op-def.js';

export type Random = () => number;

export const whole = (random: Random, low: number, high: number) =>
  low + Math.floor(random() * (high - low + 1));
export const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

/** An int8 zero point: the ends often. */
const zeroPoint = (random: Random) => pick(random, [-128, 127, 0, -1, whole(random, -128, 127)]);

export function quant(random: Random, scale: number): Quant {
  return { scales: [Math.fround(scale)], zeroPoints: [zeroPoint(random)], axis: null };
}

export function randomBytes(random: Random, count: number): Uint8Array {
  const extreme = random() < 0.2;
  return Uint8Array.from({ length: count }, () =>
    extreme ? pick(random, [0x80, 0x7f]) : whole(random, 0, 255),
  );
}

/** Weights from -127 to 127, rarely -128, sometimes all at one end. */
function weightTensor(random: Random, id: number, shape: readonly number[], axis: number): Tensor {
  const end = random() < 0.1 ? pick(random, [-127, 127]) : null;
  const lowest = random() < 0.02 ? -128 : -127;
  const data = Int8Array.from({ length: elementCount(shape) }, () => end ?? whole(random, lowest, 127));
  const perChannel = random() < 0.8;
  const spread = pick(random, [0, 2, 12]);
  const scales = Array.from({ length: perChannel ? shape[axis]! : 1 }, () =>
    Math.fround(0.01 * 2 ** (-spread * random() - (random() < 0.03 ? 20 * random() : 0))),
  );
  return {
    id,
    name: 'weights',
    dtype: 'int8',
    shape,
    quant: { scales, zeroPoints: scales.map(() => 0), axis: perChannel ? axis : null },
    data: new Uint8Array(data.buffer),
  };
}

function biasTensor(
  random: Random,
  id: number,
  count: number,
  terms: number,
  dtype: Activations = 'int8',
): Tensor {
  const isLong = dtype === 'int16' && random() < 0.8;
  // The ends of what an accumulator may hold; one of 64 bits goes up to 2^46.
  const size = pick(random, [
    0,
    1000,
    128 * 128 * terms,
    2 ** 24,
    dtype === 'int8' ? 2 ** 31 - 1 - 127 * 255 * terms : isLong ? 2 ** 46 : 2 ** 31 - 1,
  ]);
  const values = Array.from({ length: count }, () => Math.trunc((2 * random() - 1) * size));
  const data = isLong ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
  const bytes = new Uint8Array(data.buffer);
  return { id, name: 'bias', dtype: isLong ? 'int64' : 'int32', shape: [count], quant: null, data: bytes };
}

/** Element types of images that convolutions take. */
type Activations = 'int8' | 'int16';

/** int16 is symmetric. */
function imageQuant(random: Random, scale: number, dtype: Activations): Quant {
  return dtype === 'int8'
    ? quant(random, scale)
    : { scales: [Math.fround(scale)], zeroPoints: [0], axis: null };
}

function image(id: number, shape: readonly number[], q: Quant, dtype: DType = 'int8'): Tensor {
  return { id, name: `t${id}`, dtype, shape, quant: q, data: null };
}

/** The operator alone; the output's shape is worked out. */
export function single(
  kind: string,
  inputs: (Tensor | null)[],
  out: Quant,
  attrs: Attrs,
  dtype: DType = 'int8',
): OpView {
  const tensors = [...inputs.filter((tensor) => tensor !== null)];
  const output = image(tensors.length, [1], out, dtype);
  const ids = inputs.map((tensor) => tensor?.id ?? null);
  const op = { id: 0, kind, label: kind.toUpperCase(), inputs: ids, outputs: [output.id], attrs };
  const computed = tensors.filter(({ data }) => data === null).map(({ id }) => id);
  const graph: Graph = {
    name: 'one',
    tensors: [...tensors, output],
    ops: [op],
    inputs: computed,
    outputs: [output.id],
  };
  const [type] = defOf(op).infer(viewOp(graph, op));
  return viewOp({ ...graph, tensors: [...tensors, { ...output, shape: type!.shape }] }, op);
}

function window(random: Random, kernels: readonly number[], square: boolean) {
  const kernelH = pick(random, kernels);
  const kernelW = square || random() < 0.6 ? kernelH : pick(random, kernels);
  const strideH = pick(random, [1, 1, 1, 2, 2, 3]);
  const strideW = random() < 0.8 ? strideH : pick(random, [1, 2, 3]);
  const dilated = random() < 0.1;
  const pads = Array.from({ length: 4 }, () => whole(random, 0, 2));
  return {
    kernelH,
    kernelW,
    attrs: {
      padding: pick(random, ['same', 'same', 'valid', 'explicit'] as const),
      pads,
      strideH,
      strideW,
      dilationH: dilated ? 2 : 1,
      dilationW: dilated ? pick(random, [1, 2]) : 1,
      activation: pick(random, ['none', 'relu', 'relu', 'relu6', 'relu_n1_to_1'] as const),
    },
  };
}

/** Output scale: about as large as sums get, or so that results saturate, or far too large. */
function outputScale(random: Random, unit: number, terms: number): number {
  return unit * Math.sqrt(terms) * pick(random, [100, 100, 20, 2, 0.6, 3000]);
}

export const randomConv2d =
  (dtype: Activations = 'int8', grouped = false) =>
  (random: Random): OpView => {
    const { kernelH, kernelW, attrs } = window(random, [1, 1, 1, 2, 3, 3, 4, 5], false);
    const groups = grouped ? whole(random, 2, 5) : 1;
    const depth = pick(random, grouped ? [1, 2, 3, 4, 6, 8] : [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 33]);
    const [inC, outC] = [groups * depth, groups * whole(random, 1, grouped ? 5 : 19)];
    const [h, w] = [size(random, kernelH, attrs.dilationH), size(random, kernelW, attrs.dilationW)];
    const shape = [pick(random, [1, 1, 1, 2]), h, w, inC];
    const input = image(0, shape, imageQuant(random, inputScale(dtype), dtype), dtype);
    const weights = weightTensor(random, 1, [outC, kernelH, kernelW, depth], 0);
    const terms = kernelH * kernelW * depth;
    const bias = random() < 0.9 ? biasTensor(random, 2, outC, terms, dtype) : null;
    const scale = outputScale(random, 0.01 * inputScale(dtype), terms);
    return single('conv2d', [input, weights, bias], imageQuant(random, scale, dtype), attrs, dtype);
  };

/** A range of about 6 either way. */
const inputScale = (dtype: Activations) => (dtype === 'int8' ? 0.05 : 0.0002);

export const randomDepthwise =
  (dtype: Activations = 'int8', multiplied = false) =>
  (random: Random): OpView => {
    const { kernelH, kernelW, attrs } = window(random, [1, 2, 3, 3, 3, 4, 5, 5, 7], false);
    const plain = random() < 0.5;
    const strides = plain ? { strideW: attrs.strideH, dilationH: 1, dilationW: 1 } : {};
    const width = plain ? kernelH : kernelW;
    const inner = multiplied ? whole(random, 2, 7) : pick(random, [4, 8, 12, 16, 3, 10]);
    const single1 = !multiplied && random() < 0.15;
    const channels = multiplied ? inner * whole(random, 2, 5) : inner;
    const [h, w] = [size(random, kernelH, attrs.dilationH), size(random, width, attrs.dilationW)];
    const shape = [pick(random, [1, 1, 1, 2]), h, w, single1 ? 1 : inner];
    const input = image(0, shape, imageQuant(random, inputScale(dtype), dtype), dtype);
    const weights = weightTensor(random, 1, [1, kernelH, width, channels], 3);
    const terms = kernelH * width;
    const bias = random() < 0.9 ? biasTensor(random, 2, channels, terms, dtype) : null;
    const scale = outputScale(random, 0.01 * inputScale(dtype), terms);
    const all = { ...attrs, ...strides };
    return single('depthwise_conv2d', [input, weights, bias], imageQuant(random, scale, dtype), all, dtype);
  };

/** The output is as large as some convolution's input that has this input as its output. */
export const randomTransposeConv =
  (dtype: Activations) =>
  (random: Random): OpView => {
    const { kernelH, kernelW, attrs } = window(random, [1, 2, 3, 3, 4, 5], false);
    const { strideH, strideW } = attrs;
    const padding = pick(random, ['same', 'valid'] as const);
    const [h, w] = [whole(random, 1, 6), whole(random, 1, 7)];
    const [inC, outC] = [pick(random, [1, 2, 3, 4, 7, 8, 16]), whole(random, 1, 7)];
    const length = (size: number, kernel: number, stride: number) =>
      padding === 'same'
        ? (size - 1) * stride + whole(random, 1, stride)
        : (size - 1) * stride + kernel + whole(random, 0, stride - 1);
    const batch = pick(random, [1, 1, 2]);
    const shape = [batch, length(h, kernelH, strideH), length(w, kernelW, strideW), outC];
    const input = image(0, [batch, h, w, inC], imageQuant(random, inputScale(dtype), dtype), dtype);
    const weights = weightTensor(random, 1, [outC, kernelH, kernelW, inC], 0);
    const terms = Math.ceil(kernelH / strideH) * Math.ceil(kernelW / strideW) * inC;
    const bias = random() < 0.9 ? biasTensor(random, 2, outC, kernelH * kernelW * inC, dtype) : null;
    const data = new Uint8Array(Int32Array.from(shape).buffer);
    const size: Tensor = { id: bias ? 3 : 2, name: 'shape', dtype: 'int32', shape: [4], quant: null, data };
    const scale = outputScale(random, 0.01 * inputScale(dtype), terms);
    const all = { ...attrs, padding, dilationH: 1, dilationW: 1 };
    const out = imageQuant(random, scale, dtype);
    return single('transpose_conv', [input, weights, bias, size], out, all, dtype);
  };

/** Large enough for a window, small enough for many cases. */
function size(random: Random, kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + whole(random, 1, 13);
}

export const randomFullyConnected =
  (dtype: Activations = 'int8') =>
  (random: Random): OpView => {
    const inputs = pick(random, [4, 8, 12, 20, 64, 100, 256, 6, 7, 33, 1100]);
    const [outputs, rows] = [whole(random, 1, 27), pick(random, [1, 1, 2, 3])];
    const input = image(0, [rows, inputs], imageQuant(random, inputScale(dtype), dtype), dtype);
    const weights = weightTensor(random, 1, [outputs, inputs], 0);
    const bias = random() < 0.9 ? biasTensor(random, 2, outputs, inputs, dtype) : null;
    const scale = outputScale(random, 0.01 * inputScale(dtype), inputs);
    const attrs = {
      activation: pick(random, ['none', 'relu', 'relu6']),
      keepDims: false,
      weightsFormat: 0,
    };
    return single('fully_connected', [input, weights, bias], imageQuant(random, scale, dtype), attrs, dtype);
  };

export function randomAdd(random: Random): OpView {
  const shape = [1, whole(random, 1, 5), whole(random, 1, 7), whole(random, 1, 9)];
  const scale = () => 0.05 * 2 ** (pick(random, [0, 0, 1, 6, 14]) * (random() - 0.5));
  const [a, b] = [quant(random, scale()), quant(random, random() < 0.2 ? 0.05 : scale())];
  return single('add', [image(0, shape, a), image(1, shape, b)], quant(random, scale()), {
    activation: pick(random, ['none', 'relu', 'relu6', 'relu_n1_to_1']),
  });
}

export function randomPool(random: Random, channelCounts = [4, 8, 12, 16, 5]): OpView {
  const { kernelH, kernelW, attrs } = window(random, [1, 2, 3, 4, 7], false);
  const channels = pick(random, channelCounts);
  const [h, w] = [size(random, kernelH, 1), size(random, kernelW, 1)];
  const shape = [pick(random, [1, 1, 2]), h, w, channels];
  const q = quant(random, 0.05);
  // A window never lies wholly in the padding.
  const padding = attrs.padding === 'explicit' ? 'same' : attrs.padding;
  return single(pick(random, ['average_pool2d', 'max_pool2d']), [image(0, shape, q)], q, {
    ...attrs,
    padding,
    dilationH: 1,
    dilationW: 1,
    kernelH,
    kernelW,
  });
}

/** A mean, sum or average over the whole image. */
export function randomGlobalPool(random: Random, mostChannels = 13): OpView {
  const [h, w, c] = [whole(random, 1, 20), whole(random, 1, 40), whole(random, 1, mostChannels)];
  const input = image(0, [1, h, w, c], quant(random, 0.05));
  if (random() < 0.5) {
    const attrs = {
      padding: 'valid',
      pads: [0, 0, 0, 0],
      strideH: 1,
      strideW: 1,
      dilationH: 1,
      dilationW: 1,
    };
    const activation = pick(random, ['none', 'relu', 'relu6']);
    return single('average_pool2d', [input], input.quant!, { ...attrs, activation, kernelH: h, kernelW: w });
  }
  const data = new Uint8Array(Int32Array.of(1, 2).buffer);
  const axes: Tensor = { id: 1, name: 'axes', dtype: 'int32', shape: [2], quant: null, data };
  return single(pick(random, ['mean', 'sum']), [input, axes], quant(random, 0.05 * 2 ** (8 * random() - 4)), {
    keepDims: random() < 0.5,
  });
}

/** Products of two computed matrices, batches that broadcast and transposed operands among them. */
export function randomBatchMatmul(random: Random): OpView {
  const [rows, depth, columns] = [whole(random, 1, 9), whole(random, 1, 21), whole(random, 1, 9)];
  const [adjX, adjY] = [random() < 0.3, random() < 0.5];
  const batches = pick(random, [
    [[], []],
    [[3], [3]],
    [
      [2, 1],
      [1, 3],
    ],
  ]);
  const a = [...batches[0]!, ...(adjX ? [depth, rows] : [rows, depth])];
  const b = [...batches[1]!, ...(adjY ? [columns, depth] : [depth, columns])];
  const inputs = [image(0, a, quant(random, 0.02)), image(1, b, quant(random, 0.02))];
  const out = quant(random, outputScale(random, 0.0004, depth));
  return single('batch_matmul', inputs, out, { adjX, adjY });
}
