/** Builds int8 graphs with random weights for tests: every method adds one operator and returns its output tensor. */
import type { Attrs, Graph, Op } from '../src/ir/graph.js';
import { elementCount, type Quant, type Tensor, type TensorId } from '../src/ir/tensor.js';

/** Numbers in [0, 1) that repeat for a seed: mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface WindowOptions {
  readonly stride?: number;
  readonly padding?: 'same' | 'valid';
  readonly dilation?: number;
  readonly groups?: number;
  readonly activation?: 'none' | 'relu' | 'relu6';
}

export class GraphBuilder {
  readonly #tensors: Tensor[] = [];
  readonly #ops: Op[] = [];
  readonly #inputs: TensorId[] = [];

  constructor(
    private readonly name: string,
    private readonly random: () => number,
  ) {}

  input(...shape: number[]): TensorId {
    const id = this.#tensor(shape, this.#activationQuant());
    this.#inputs.push(id);
    return id;
  }

  shape(id: TensorId): readonly number[] {
    return this.#tensors[id]!.shape;
  }

  conv(
    from: TensorId,
    channels: number,
    kernelH: number,
    kernelW: number,
    options: WindowOptions = {},
  ): TensorId {
    const groups = options.groups ?? 1;
    const inner = this.shape(from)[3]! / groups;
    const weights = this.#weights([channels, kernelH, kernelW, inner], 0);
    const { out, attrs } = this.#window(from, kernelH, kernelW, options);
    return this.#op(
      'conv2d',
      [from, weights, this.#bias(channels)],
      [1, ...out, channels],
      this.#scaleFor(inner * kernelH * kernelW),
      attrs,
    );
  }

  depthwise(
    from: TensorId,
    kernelH: number,
    kernelW: number,
    options: WindowOptions & { multiplier?: number } = {},
  ): TensorId {
    const channels = this.shape(from)[3]! * (options.multiplier ?? 1);
    const weights = this.#weights([1, kernelH, kernelW, channels], 3);
    const { out, attrs } = this.#window(from, kernelH, kernelW, options);
    return this.#op(
      'depthwise_conv2d',
      [from, weights, this.#bias(channels)],
      [1, ...out, channels],
      this.#scaleFor(kernelH * kernelW),
      attrs,
    );
  }

  pool(
    kind: 'average_pool2d' | 'max_pool2d',
    from: TensorId,
    kernelH: number,
    kernelW: number,
    options: WindowOptions = {},
  ): TensorId {
    const { out, attrs } = this.#window(from, kernelH, kernelW, options);
    return this.#op(kind, [from], [1, ...out, this.shape(from)[3]!], this.#tensors[from]!.quant!, {
      ...attrs,
      kernelH,
      kernelW,
    });
  }

  globalPool(from: TensorId): TensorId {
    const [, h = 1, w = 1] = this.shape(from);
    return this.pool('average_pool2d', from, h, w, { padding: 'valid' });
  }

  add(a: TensorId, b: TensorId): TensorId {
    return this.#op('add', [a, b], this.#broadcast(a, b), this.#activationQuant(), { activation: 'none' });
  }

  mul(a: TensorId, b: TensorId): TensorId {
    return this.#op('mul', [a, b], this.#broadcast(a, b), this.#activationQuant(), { activation: 'none' });
  }

  logistic(from: TensorId): TensorId {
    return this.#op(
      'logistic',
      [from],
      this.shape(from),
      { scales: [1 / 256], zeroPoints: [-128], axis: null },
      {},
    );
  }

  /** Along the channels; the parts are first brought to one scale, as converters do. */
  concat(parts: readonly TensorId[]): TensorId {
    const quant = this.#tensors[parts[0]!]!.quant!;
    const alike = parts.map((id) =>
      this.#tensors[id]!.quant === quant ? id : this.#op('quantize', [id], this.shape(id), quant, {}),
    );
    const channels = alike.reduce((sum, id) => sum + this.shape(id)[3]!, 0);
    return this.#op('concatenation', alike, this.shape(parts[0]!).with(3, channels), quant, { axis: 3 });
  }

  resize(from: TensorId, h: number, w: number): TensorId {
    const size = this.#constant('int32', [2], new Uint8Array(Int32Array.of(h, w).buffer));
    const attrs = { alignCorners: false, halfPixelCenters: false };
    return this.#op(
      'resize_nearest_neighbor',
      [from, size],
      [1, h, w, this.shape(from)[3]!],
      this.#tensors[from]!.quant!,
      attrs,
    );
  }

  fullyConnected(from: TensorId, outputs: number): TensorId {
    const inner = elementCount(this.shape(from));
    const scales = [0.01];
    const weights = this.#constant('int8', [outputs, inner], this.#bytes(outputs * inner), {
      scales,
      zeroPoints: [0],
      axis: null,
    });
    const attrs = { activation: 'none', keepDims: false, weightsFormat: 0 };
    return this.#op(
      'fully_connected',
      [from, weights, this.#bias(outputs)],
      [1, outputs],
      this.#scaleFor(inner),
      attrs,
    );
  }

  build(...outputs: TensorId[]): Graph {
    return { name: this.name, tensors: this.#tensors, ops: this.#ops, inputs: this.#inputs, outputs };
  }

  #op(kind: string, inputs: TensorId[], shape: readonly number[], quant: Quant, attrs: Attrs): TensorId {
    const output = this.#tensor(shape, quant);
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

  #window(from: TensorId, kernelH: number, kernelW: number, options: WindowOptions) {
    const { stride = 1, padding = 'same', dilation = 1, activation = 'none' } = options;
    const [, h = 1, w = 1] = this.shape(from);
    const length = (size: number, kernel: number) =>
      padding === 'same'
        ? Math.ceil(size / stride)
        : Math.floor((size - (kernel - 1) * dilation - 1) / stride) + 1;
    const window = { strideH: stride, strideW: stride, dilationH: dilation, dilationW: dilation };
    const attrs = { padding, pads: [0, 0, 0, 0], ...window, activation };
    return { out: [length(h, kernelH), length(w, kernelW)], attrs };
  }

  #broadcast(a: TensorId, b: TensorId): number[] {
    const [left, right] = [this.shape(a), this.shape(b)];
    return left.map((dim, axis) => Math.max(dim, right[axis]!));
  }

  #tensor(shape: readonly number[], quant: Quant): TensorId {
    const id = this.#tensors.length;
    this.#tensors.push({ id, name: `t${id}`, dtype: 'int8', shape, quant, data: null });
    return id;
  }

  #constant(
    dtype: 'int8' | 'int32',
    shape: readonly number[],
    data: Uint8Array,
    quant: Quant | null = null,
  ): TensorId {
    const id = this.#tensors.length;
    this.#tensors.push({ id, name: `t${id}`, dtype, shape, quant, data });
    return id;
  }

  #weights(shape: readonly number[], axis: number): TensorId {
    const channels = shape[axis]!;
    const scales = Array.from({ length: channels }, () => Math.fround(0.005 + 0.01 * this.random()));
    return this.#constant('int8', shape, this.#bytes(elementCount(shape)), {
      scales,
      zeroPoints: scales.map(() => 0),
      axis,
    });
  }

  #bias(channels: number): TensorId {
    const values = Int32Array.from({ length: channels }, () => Math.floor(2000 * (this.random() - 0.5)));
    return this.#constant('int32', [channels], new Uint8Array(values.buffer));
  }

  #bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(256 * this.random()));
  }

  #activationQuant(): Quant {
    return {
      scales: [Math.fround(0.02 + 0.04 * this.random())],
      zeroPoints: [Math.floor(100 * (this.random() - 0.5))],
      axis: null,
    };
  }

  /** An output scale that keeps a sum of `terms` random products away from saturation. */
  #scaleFor(terms: number): Quant {
    const scale = 0.04 * 0.01 * 74 * Math.sqrt(terms) * (0.6 + 0.8 * this.random());
    return { scales: [Math.fround(scale)], zeroPoints: [Math.floor(60 * (this.random() - 0.5))], axis: null };
  }
}
