/**
 * Writes an int8 graph operator by operator, with random weights and scales that fit them: every method adds one operator and
 * returns its output. Values are taken to be normal with a known deviation, and a scale reaches over five of them.
 */
import type { Attrs, Graph, Op } from '../../ir/graph.js';
import { elementCount, type Quant, type Tensor, type TensorId } from '../../ir/tensor.js';
import { RandomWeights, weightDeviation } from './random-weights.js';

/** Scale of a tensor whose values have this standard deviation. */
export function scaleFor(deviation: number): Quant {
  return { scales: [Math.fround((5 * deviation) / 127)], zeroPoints: [0], axis: null };
}

export interface ConvolutionShape {
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  /** Before and behind each axis; null for as much as keeps the size (divided by the stride). */
  readonly pads: readonly [number, number] | null;
  readonly activation: 'none' | 'relu' | 'relu6';
  readonly depthwise: boolean;
}

export class NetworkWriter {
  readonly #tensors: Tensor[] = [];
  readonly #ops: Op[] = [];
  readonly random: RandomWeights;

  constructor(
    private readonly name: string,
    seed: number,
  ) {
    this.random = new RandomWeights(seed);
  }

  input(shape: readonly number[]): TensorId {
    return this.#tensor({ name: 'image', dtype: 'int8', shape, quant: scaleFor(0.5), data: null });
  }

  shape(id: TensorId): readonly number[] {
    return this.#tensors[id]!.shape;
  }

  constant(
    name: string,
    dtype: Tensor['dtype'],
    shape: readonly number[],
    values: ArrayBufferView,
    quant: Quant | null = null,
  ) {
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return this.#tensor({ name, dtype, shape, quant, data });
  }

  ints(name: string, values: readonly number[]): TensorId {
    return this.constant(name, 'int32', [values.length], Int32Array.from(values));
  }

  /** A dense layer over the last dimension whose results have this deviation, for inputs of deviation `from`. */
  linear(name: string, input: TensorId, outputs: number, deviation: number, from = 1): TensorId {
    const inputs = this.shape(input).at(-1)!;
    const weights = this.#weights(
      `${name}.weight`,
      [outputs, inputs],
      0,
      deviation / (from * Math.sqrt(inputs)),
    );
    const bias = this.#bias(`${name}.bias`, input, weights, outputs);
    return this.op(
      'fully_connected',
      name,
      [input, weights, bias],
      this.shape(input).with(-1, outputs),
      scaleFor(deviation),
      { activation: 'none', keepDims: true, weightsFormat: 0 },
    );
  }

  /** A convolution whose results have the deviation 1 before the activation. */
  convolution(
    name: string,
    input: TensorId,
    { channels, kernel, stride, pads, activation, depthwise }: ConvolutionShape,
  ): TensorId {
    const [, height = 1, , inner = 1] = this.shape(input);
    const shape = depthwise ? [1, kernel, kernel, channels] : [channels, kernel, kernel, inner];
    const terms = kernel * kernel * (depthwise ? 1 : inner);
    const weights = this.#weights(`${name}.weight`, shape, depthwise ? 3 : 0, 1 / Math.sqrt(terms));
    const bias = this.#bias(`${name}.bias`, input, weights, channels);
    const size =
      pads === null
        ? Math.ceil(height / stride)
        : Math.floor((height + pads[0] + pads[1] - kernel) / stride) + 1;
    const clamped = activation !== 'none';
    const quant = clamped ? { scales: [Math.fround(4 / 255)], zeroPoints: [-128], axis: null } : scaleFor(1);
    return this.op(
      depthwise ? 'depthwise_conv2d' : 'conv2d',
      name,
      [input, weights, bias],
      [1, size, size, channels],
      quant,
      {
        padding: pads === null ? 'same' : 'explicit',
        pads: pads === null ? [0, 0, 0, 0] : [...pads, ...pads],
        ...{ strideH: stride, strideW: stride, dilationH: 1, dilationW: 1, activation },
      },
    );
  }

  /** To mean 0 and deviation 1. */
  layerNorm(name: string, input: TensorId): TensorId {
    const depth = this.shape(input).at(-1)!;
    const scale = Float32Array.from({ length: depth }, () => 0.75 + 0.5 * this.random.unit());
    const bias = Float32Array.from({ length: depth }, () => 0.4 * (this.random.unit() - 0.5));
    const inputs = [
      input,
      this.constant(`${name}.weight`, 'float32', [depth], scale),
      this.constant(`${name}.bias`, 'float32', [depth], bias),
    ];
    return this.op('layer_norm', name, inputs, this.shape(input), scaleFor(1), { epsilon: 1e-6 });
  }

  /** Random int8 values with the scale of another tensor. */
  values(name: string, shape: readonly number[], like: TensorId, share = 1): TensorId {
    const values = this.random.int8(elementCount(shape)).map((value) => Math.round(value * share));
    return this.constant(name, 'int8', shape, values, this.quant(like));
  }

  add(name: string, a: TensorId, b: TensorId, deviation: number): TensorId {
    return this.op('add', name, [a, b], this.shape(a), scaleFor(deviation), { activation: 'none' });
  }

  /** With the scale of the first operand. */
  sum(name: string, a: TensorId, b: TensorId): TensorId {
    return this.op('add', name, [a, b], this.shape(a), this.quant(a), { activation: 'none' });
  }

  pool(
    name: string,
    kind: 'average_pool2d' | 'max_pool2d',
    input: TensorId,
    kernel: number,
    stride: number,
  ): TensorId {
    const [, height = 1, , channels = 1] = this.shape(input);
    const size = Math.ceil(height / stride);
    const window = { padding: 'same', pads: [0, 0, 0, 0], strideH: stride, strideW: stride };
    const attrs = {
      ...window,
      dilationH: 1,
      dilationW: 1,
      activation: 'none',
      kernelH: kernel,
      kernelW: kernel,
    };
    return this.op(kind, name, [input], [1, size, size, channels], this.quant(input), attrs);
  }

  reshape(name: string, input: TensorId, shape: readonly number[]): TensorId {
    return this.op('reshape', name, [input, this.ints(`${name}.shape`, shape)], shape, this.quant(input), {
      rule: 'reshape',
      dims: [],
    });
  }

  /** Axes 1 and 2 of four change places. */
  swapAxes(name: string, input: TensorId): TensorId {
    const [n = 1, a = 1, b = 1, c = 1] = this.shape(input);
    return this.op(
      'transpose',
      name,
      [input, this.ints(`${name}.order`, [0, 2, 1, 3])],
      [n, b, a, c],
      this.quant(input),
      {},
    );
  }

  concatenate(name: string, inputs: readonly TensorId[], axis: number): TensorId {
    const shape = this.shape(inputs[0]!);
    const length = inputs.reduce((sum, id) => sum + this.shape(id)[axis]!, 0);
    return this.op('concatenation', name, inputs, shape.with(axis, length), this.quant(inputs[0]!), { axis });
  }

  /** Tokens `first` to `first + count - 1` of [1, tokens, dim]. */
  tokens(name: string, input: TensorId, first: number, count: number): TensorId {
    const dim = this.shape(input)[2]!;
    const bounds = [this.ints(`${name}.begin`, [0, first, 0]), this.ints(`${name}.size`, [1, count, dim])];
    return this.op('slice', name, [input, ...bounds], [1, count, dim], this.quant(input), {});
  }

  mean(name: string, input: TensorId, axes: readonly number[], deviation: number): TensorId {
    const shape = this.shape(input).filter((_, axis) => !axes.includes(axis));
    return this.op('mean', name, [input, this.ints(`${name}.axes`, axes)], shape, scaleFor(deviation), {
      keepDims: false,
    });
  }

  op(
    kind: string,
    name: string,
    inputs: readonly TensorId[],
    shape: readonly number[],
    quant: Quant | null,
    attrs: Attrs,
  ): TensorId {
    const output = this.#tensor({ name, dtype: 'int8', shape, quant, data: null });
    this.#ops.push({
      id: this.#ops.length,
      kind,
      label: kind.toUpperCase(),
      inputs,
      outputs: [output],
      attrs,
    });
    return output;
  }

  quant(id: TensorId): Quant | null {
    return this.#tensors[id]!.quant;
  }

  build(input: TensorId, output: TensorId): Graph {
    return { name: this.name, tensors: this.#tensors, ops: this.#ops, inputs: [input], outputs: [output] };
  }

  /** Weights of this deviation in reality, one scale for each channel along `axis`. */
  #weights(name: string, shape: readonly number[], axis: number, deviation: number): TensorId {
    const scales = Array.from({ length: shape[axis]! }, () =>
      Math.fround((deviation / weightDeviation) * (0.8 + 0.4 * this.random.unit())),
    );
    const quant = { scales, zeroPoints: scales.map(() => 0), axis };
    return this.constant(name, 'int8', shape, this.random.int8(elementCount(shape)), quant);
  }

  /** In units of the products of input and weights. */
  #bias(name: string, input: TensorId, weights: TensorId, count: number): TensorId {
    const unit = this.quant(input)!.scales[0]! * this.quant(weights)!.scales[0]!;
    return this.constant(name, 'int32', [count], this.random.int32(count, Math.round(0.1 / unit)));
  }

  #tensor(tensor: Omit<Tensor, 'id'>): TensorId {
    this.#tensors.push({ id: this.#tensors.length, ...tensor });
    return this.#tensors.length - 1;
  }
}
