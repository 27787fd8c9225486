/** MaxPool, AveragePool and the global pools. */
import { constantOf } from '../constant.js';
import { refuse } from '../fault.js';
import type { Lower, LowerTable } from '../lower.js';
import { float, type Lowering, type Value } from '../lowering.js';
import { listOf, numberOf, type OnnxNode } from '../node.js';
import { type Image, imageOf, imageValue } from './image.js';
import { type Window, windowAttrs, windowFor, windowOutput } from './window.js';

function poolWindow(node: OnnxNode, image: Image): Window {
  const kernel = listOf(node, 'kernel_shape');
  if (kernel?.length !== image.rank - 2)
    return refuse(
      `its window [${kernel ?? ''}] does not fit an input of ${image.rank} dimensions`,
      'export the network again',
    );
  return windowFor(node, image.size, kernel);
}

function pooled(net: Lowering, kind: string, image: Image, window: Window): Value {
  const shape = [image.batch, ...windowOutput(window, image.size), image.channels];
  const [kernelH, kernelW] = window.kernel;
  const attrs = { ...windowAttrs(window), kernelH, kernelW, activation: 'none' };
  return imageValue(
    net,
    net.emit(kind, [image.tensor], shape, net.tensors[image.tensor]!, attrs),
    image.rank,
  );
}

const maxPool: Lower = (node, net) => {
  if (node.outputs[1])
    refuse('it also gives the positions of the maxima', 'export the network without return_indices');
  const image = imageOf(net, net.input(node, 0));
  const window = poolWindow(node, image);
  if (window.dilation.some((step) => step !== 1))
    refuse('its window is dilated', 'use a window without dilation');
  return [pooled(net, 'max_pool2d', image, window)];
};

const averagePool: Lower = (node, net) => {
  const image = imageOf(net, net.input(node, 0));
  const window = poolWindow(node, image);
  const counted = numberOf(node, 'count_include_pad', 0) === 1 && window.pads.some((pad) => pad > 0);
  const padded = counted ? withZeros(net, image, window.pads) : image;
  const inner = counted ? { ...window, pads: [0, 0, 0, 0] } : window;
  if (inner.dilation.every((step) => step === 1)) return [pooled(net, 'average_pool2d', padded, inner)];
  return [dilatedAverage(net, padded, inner)];
};

/** The padding as zeros of the image, which then count like any others. */
function withZeros(
  net: Lowering,
  image: Image,
  [top = 0, bottom = 0, left = 0, right = 0]: readonly number[],
): Image {
  const size: [number, number] = [image.size[0] + top + bottom, image.size[1] + left + right];
  const amounts = net.integers([0, 0, top, bottom, left, right, 0, 0], 'padding', [4, 2]);
  const shape = [image.batch, ...size, image.channels];
  return {
    ...image,
    size,
    tensor: net.emit('pad', [image.tensor, amounts], shape, net.tensors[image.tensor]!),
  };
}

/** A depthwise convolution by equal weights; only where no window meets padding that must not count. */
function dilatedAverage(net: Lowering, image: Image, window: Window): Value {
  if (
    [...window.pads, ...window.extra].some((pad) => pad > 0) ||
    net.tensors[image.tensor]!.dtype !== 'float32'
  )
    refuse('its window is dilated and meets padding that does not count', 'use a window without dilation');
  const [kernelH, kernelW] = window.kernel;
  const shape = [1, kernelH, kernelW, image.channels];
  const weight = 1 / (kernelH * kernelW);
  const values = Array<number>(kernelH * kernelW * image.channels).fill(weight);
  const weights = net.constantTensor(constantOf('float32', shape, values), 'weights');
  const out = [image.batch, ...windowOutput(window, image.size), image.channels];
  const attrs = { ...windowAttrs(window), activation: 'none' };
  return imageValue(
    net,
    net.emit('depthwise_conv2d', [image.tensor, weights, null], out, float, attrs),
    image.rank,
  );
}

/** One window over all that there is. */
export function globalPool(net: Lowering, kind: 'average_pool2d' | 'max_pool2d', value: Value): Value {
  const image = imageOf(net, value);
  const kernel = image.size;
  return pooled(net, kind, image, {
    kernel,
    stride: [1, 1],
    dilation: [1, 1],
    pads: [0, 0, 0, 0],
    extra: [0, 0],
  });
}

/** In integers the mean is an operator that changes the scale on the way. */
const globalAverage: Lower = (node, net) => {
  const value = net.input(node, 0);
  if (!net.quantised) return [globalPool(net, 'average_pool2d', value)];
  const { tensor, batch, channels, rank } = imageOf(net, value);
  const axes = net.integers([1, 2], 'axes');
  const made = net.emit('mean', [tensor, axes], [batch, 1, 1, channels], net.resultType(value), {
    keepDims: true,
  });
  return [imageValue(net, made, rank)];
};

export const pools: LowerTable = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: (node, net) => [globalPool(net, 'max_pool2d', net.input(node, 0))],
};
