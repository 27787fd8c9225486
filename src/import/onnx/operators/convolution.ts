/** Conv and ConvTranspose: weights are brought to our order at import, groups of one channel become depthwise. */
import { elementCount, type TensorId } from '../../../ir/tensor.js';
import { type Constant, constantOf, numbersOf, offsets, picked, reshaped, transposed } from '../constant.js';
import { refuse } from '../fault.js';
import type { Lower, LowerTable } from '../lower.js';
import type { Lowering } from '../lowering.js';
import { listOf, numberOf, type OnnxNode, textOf } from '../node.js';
import { biasTensor } from './bias.js';
import { type Image, imageOf, imageValue } from './image.js';
import { windowAttrs, windowFor, windowOutput } from './window.js';

/** [O, I, kH, kW] from ONNX's weights, which lack the width for signals. */
function squareWeights(net: Lowering, node: OnnxNode, image: Image): Constant {
  const weights = net.constant(node, 1, 'its tensor of weights');
  if (weights.shape.length !== image.rank)
    refuse(
      `its weights [${weights.shape}] do not fit an input of ${image.rank} dimensions`,
      'export the network again',
    );
  if (weights.quant?.zeroPoints.some((zero) => zero !== 0))
    refuse('its weights have zero points', 'quantise the weights symmetrically');
  return image.rank === 4 ? weights : reshaped(weights, [...weights.shape, 1]);
}

const conv: Lower = (node, net) => {
  const input = net.input(node, 0);
  const image = imageOf(net, input);
  const weights = squareWeights(net, node, image);
  const [outChannels = 1, perGroup = 1, kernelH = 1, kernelW = 1] = weights.shape;
  const groups = numberOf(node, 'group', 1);
  if (perGroup * groups !== image.channels || outChannels % groups !== 0)
    refuse(
      `weights [${weights.shape}] in ${groups} groups do not fit ${image.channels} channels`,
      'export the network again',
    );
  const window = windowFor(node, image.size, image.rank === 4 ? [kernelH, kernelW] : [kernelH]);
  const depthwise = groups === image.channels && groups > 1;
  const stored = depthwise ? transposed(weights, [1, 2, 3, 0]) : transposed(weights, [0, 2, 3, 1]);
  const bias = biasTensor(
    net,
    net.optional(node, 2)?.constant ?? absentBias(node, net),
    input,
    stored,
    outChannels,
  );
  const made = net.emit(
    depthwise ? 'depthwise_conv2d' : 'conv2d',
    [image.tensor, net.constantTensor(stored, 'weights'), bias],
    [image.batch, ...windowOutput(window, image.size), outChannels],
    net.resultType(input),
    { ...windowAttrs(window), activation: 'none' },
  );
  return [imageValue(net, made, image.rank)];
};

/** Null where there is no bias; refuses one that is computed at run time. */
function absentBias(node: OnnxNode, net: Lowering): null {
  if (net.optional(node, 2)) net.constant(node, 2, 'its bias');
  return null;
}

const convTranspose: Lower = (node, net) => {
  const input = net.input(node, 0);
  const image = imageOf(net, input);
  const weights = dilated(squareWeights(net, node, image), listOf(node, 'dilations'));
  const [inChannels = 1, perGroup = 1, kernelH = 1, kernelW = 1] = weights.shape;
  const groups = numberOf(node, 'group', 1);
  if (inChannels !== image.channels || image.channels % groups !== 0)
    refuse(
      `weights [${weights.shape}] in ${groups} groups do not fit ${image.channels} channels`,
      'export the network again',
    );
  const size = spread(node, image, [kernelH, kernelW]);
  const bias = net.optional(node, 2)?.constant ?? absentBias(node, net);
  const shape = [image.batch, ...size.out, perGroup];
  const attrs = {
    padding: 'explicit',
    pads: size.pads,
    strideH: size.stride[0]!,
    strideW: size.stride[1]!,
    dilationH: 1,
    dilationW: 1,
    activation: 'none',
  };
  const part = (group: number, from: TensorId): TensorId => {
    const own = transposed(slab(weights, group, groups), [1, 2, 3, 0]);
    const ownBias = bias && slab(bias, group, groups);
    const tensors = [net.constantTensor(own, 'weights'), biasTensor(net, ownBias, input, own, perGroup)];
    return net.emit(
      'transpose_conv',
      [from, ...tensors, net.integers(shape, 'shape')],
      shape,
      net.resultType(input),
      attrs,
    );
  };
  if (groups === 1) return [imageValue(net, part(0, image.tensor), image.rank)];
  const parts = splitChannels(net, image, groups).map((from, group) => part(group, from));
  const joined = net.emit('concatenation', parts, shape.with(3, perGroup * groups), net.resultType(input), {
    axis: 3,
  });
  return [imageValue(net, joined, image.rank)];
};

/** Piece `group` of `groups` along the first axis. */
function slab(constant: Constant, group: number, groups: number): Constant {
  const shape = constant.shape.with(0, constant.shape[0]! / groups);
  const count = elementCount(shape);
  return picked(
    constant,
    Int32Array.from({ length: count }, (_, index) => group * count + index),
    shape,
  );
}

function splitChannels(net: Lowering, image: Image, groups: number): TensorId[] {
  const { batch, size, channels } = image;
  const shapes = Array.from({ length: groups }, () => [batch, ...size, channels / groups]);
  const type = net.tensors[image.tensor]!;
  return net.emitAll('split', [net.integers([3], 'axis', []), image.tensor], shapes, type, { count: groups });
}

/** Weights with zeros between their cells, so that the kernels need no dilation. */
function dilated(weights: Constant, dilations: readonly number[] | null): Constant {
  const [stepH = 1, stepW = 1] = dilations ?? [];
  if (stepH === 1 && stepW === 1) return weights;
  if (weights.quant) refuse('it is dilated and quantised', 'export it without dilation');
  const [a = 1, b = 1, kernelH = 1, kernelW = 1] = weights.shape;
  const shape = [a, b, (kernelH - 1) * stepH + 1, (kernelW - 1) * stepW + 1];
  const values = Array<number>(elementCount(shape)).fill(0);
  const row = shape[3]!;
  const places = offsets([a * b, kernelH, kernelW], [shape[2]! * row, stepH * row, stepW]);
  numbersOf(weights).forEach((value, index) => {
    values[places[index]!] = value;
  });
  return constantOf('float32', shape, values);
}

/** Output size and paddings of a transposed convolution: ONNX's formulas for ConvTranspose. */
function spread(node: OnnxNode, image: Image, kernel: readonly [number, number]) {
  const axes = image.rank - 2;
  const list = (name: string, filler: number) => listOf(node, name) ?? Array<number>(axes).fill(filler);
  const [strides, behind, wanted] = [
    list('strides', 1),
    list('output_padding', 0),
    listOf(node, 'output_shape'),
  ];
  const stated = listOf(node, 'pads') ?? Array<number>(2 * axes).fill(0);
  const auto = textOf(node, 'auto_pad', 'NOTSET');
  const both = [0, 1].map((axis) => {
    if (axis >= axes) return { stride: 1, out: 1, pads: [0, 0] };
    const stride = strides[axis]!;
    const full = (image.size[axis]! - 1) * stride + kernel[axis]! + behind[axis]!;
    const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
    const target = wanted?.at(axis - axes) ?? (same ? image.size[axis]! * stride : null);
    if (target === null) {
      const pads = [stated[axis]!, stated[axes + axis]!];
      return { stride, out: full - pads[0]! - pads[1]!, pads };
    }
    const total = Math.max(0, full - target);
    const less = Math.floor(total / 2);
    const pads = auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
    return { stride, out: target, pads };
  });
  if (both.some(({ stride, out, pads }) => !(stride >= 1 && out >= 1) || pads.some((pad) => pad < 0)))
    refuse('its strides, paddings and output shape contradict each other', 'export the network again');
  return {
    stride: both.map(({ stride }) => stride),
    out: both.map(({ out }) => out),
    pads: both.flatMap(({ pads }) => pads),
  };
}

export const convolutions: LowerTable = { Conv: conv, ConvTranspose: convTranspose };
