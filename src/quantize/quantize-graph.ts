/**
 * A float32 graph as an int8 one: per-channel weights, asymmetric activations. Tensors keep their ids, so that layers of
 * the two can be compared. An operator that has no integer kernel for its tensors stays in float32 between DEQUANTIZE and
 * QUANTIZE.
 */
import { ReflowError } from '../base/error.js';
import type { Graph, Op } from '../ir/graph.js';
import { type Quant, type Tensor, type TensorId, typedArray } from '../ir/tensor.js';
import { findUnsupported } from '../ops/index.js';
import { type Calibration, chooseRange, int8Quant } from './choose-range.js';
import { quantiseBias, quantiseValues, quantiseWeights, roundingShift } from './quantize-constant.js';
import type { ValueHistogram } from './value-histogram.js';

export interface QuantizeScheme {
  readonly calibration: Calibration;
  /** Whether biases make up for what rounding the weights adds on average. */
  readonly biasCorrection: boolean;
}

/** Axis of the output channels in the weights. */
const weightAxis: Readonly<Record<string, number>> = { conv2d: 0, depthwise_conv2d: 3, fully_connected: 0 };

/** Outputs whose scale TFLite fixes. */
const fixed: Readonly<Record<string, Quant>> = {
  softmax: { scales: [1 / 256], zeroPoints: [-128], axis: null },
  logistic: { scales: [1 / 256], zeroPoints: [-128], axis: null },
  tanh: { scales: [1 / 128], zeroPoints: [0], axis: null },
};

/** Operators whose output has the scale of input 0. */
const keepsScale = new Set(
  'average_pool2d batch_to_space broadcast_to depth_to_space gather max_pool2d mirror_pad pad reduce_max reduce_min reshape resize_bilinear resize_nearest_neighbor reverse slice space_to_batch space_to_depth split split_v strided_slice tile transpose unpack'.split(
    ' ',
  ),
);

/** Operators whose inputs must have the scale of their output. */
const joins = new Set(['concatenation', 'maximum', 'minimum', 'pack']);

/** Constants that stay real numbers. */
const realConstants = new Set(['layer_norm']);

export interface QuantizedGraph {
  readonly graph: Graph;
  /** Operators that stayed in float32, by id. */
  readonly inFloat: readonly number[];
}

/**
 * @param graph float32, simplified
 * @param seen what calibration has seen of each float tensor that is computed
 * @throws ReflowError E_UNSUPPORTED when there is nothing to quantise
 */
export function quantizeGraph(
  graph: Graph,
  seen: ReadonlyMap<TensorId, ValueHistogram>,
  scheme: QuantizeScheme,
): QuantizedGraph {
  const writer = new Quantizer(graph, seen, scheme);
  for (const id of graph.inputs) writer.enter(id);
  for (const op of graph.ops) writer.add(op);
  if (writer.inFloat.length === graph.ops.length)
    throw new ReflowError(
      'E_UNSUPPORTED',
      `${graph.name} has no float32 operator with an integer kernel`,
      'give a float32 network',
    );
  const made = Object.freeze({ ...graph, tensors: writer.tensors, ops: writer.ops });
  return { graph: made, inFloat: writer.inFloat };
}

class Quantizer {
  readonly tensors: Tensor[];
  readonly ops: Op[] = [];
  readonly inFloat: number[] = [];
  readonly #twins = new Map<string, TensorId>();
  #nextOp: number;

  constructor(
    private readonly graph: Graph,
    private readonly seen: ReadonlyMap<TensorId, ValueHistogram>,
    private readonly scheme: QuantizeScheme,
  ) {
    this.tensors = [...graph.tensors];
    this.#nextOp = 1 + Math.max(-1, ...graph.ops.map(({ id }) => id));
  }

  /** An input of the network becomes int8. */
  enter(id: TensorId): void {
    if (this.graph.tensors[id]!.dtype === 'float32') this.#become(id, this.#calibrated(id));
  }

  add(op: Op): void {
    const real = (id: TensorId | null) => id !== null && this.graph.tensors[id]!.dtype === 'float32';
    if (![...op.inputs, ...op.outputs].some(real)) {
      this.ops.push(op);
      return;
    }
    const mark = { tensors: [...this.tensors], ops: this.ops.length, twins: new Map(this.#twins) };
    const made = this.#inIntegers(op);
    const { tensors } = this;
    const refused =
      made === null ||
      findUnsupported({ name: '', tensors, ops: [made], inputs: [], outputs: [] }).length > 0;
    if (!refused) {
      this.ops.push(made);
      return;
    }
    this.tensors.splice(0, Infinity, ...mark.tensors);
    this.ops.length = mark.ops;
    this.#twins.clear();
    for (const [key, id] of mark.twins) this.#twins.set(key, id);
    this.inFloat.push(op.id);
    this.ops.push({
      ...op,
      inputs: op.inputs.map((id) => (id !== null && real(id) ? this.#asReal(id) : id)),
    });
  }

  #inIntegers(op: Op): Op | null {
    const axis = weightAxis[op.kind];
    const [first] = op.inputs;
    if (first === null || first === undefined) return null;
    if (this.graph.tensors[first]!.data === null && this.graph.tensors[first]!.dtype === 'float32') {
      const input = this.#asInt8(first, null);
      if (axis !== undefined) return this.#weighted(op, input, axis);
    } else if (axis !== undefined) return null;
    const output = op.outputs[0]!;
    const target =
      fixed[op.kind] ??
      (keepsScale.has(op.kind) ? this.tensors[this.#asInt8(first, null)]!.quant! : this.#calibrated(output));
    const inputs = op.inputs.map((id) => {
      if (id === null || this.graph.tensors[id]!.dtype !== 'float32') return id;
      if (realConstants.has(op.kind) && this.graph.tensors[id]!.data) return id;
      return this.#asInt8(id, joins.has(op.kind) ? target : null);
    });
    for (const id of op.outputs) if (this.graph.tensors[id]!.dtype === 'float32') this.#become(id, target);
    return { ...op, inputs };
  }

  #weighted(op: Op, input: TensorId, axis: number): Op | null {
    const [, weightId, biasId = null] = op.inputs;
    const weights = this.graph.tensors[weightId ?? -1];
    const bias = biasId === null ? null : this.graph.tensors[biasId]!;
    if (!weights?.data || (bias && !bias.data)) return null;
    const inputScale = this.tensors[input]!.quant!.scales[0]!;
    const realWeights = typedArray('float32', weights.data) as Float32Array;
    const channels = weights.shape[axis]!;
    const realBias = bias ? (typedArray('float32', bias.data!) as Float32Array) : new Float32Array(channels);
    const rounded = quantiseWeights(realWeights, channels, axis, realBias, inputScale);
    const means = this.seen.get(op.inputs[0]!)?.means;
    const grouped = op.kind === 'conv2d' && means && weights.shape[3] !== means.length;
    const shift =
      this.scheme.biasCorrection && means && !grouped ? roundingShift(realWeights, rounded, means) : null;
    const corrected = realBias.map((value, channel) => value - (shift?.[channel] ?? 0));
    const madeWeights = this.#constant(weights, 'int8', rounded.values, rounded.quant);
    const scales = rounded.quant.scales.map((scale) => scale * inputScale);
    const madeBias = this.#constant(
      bias ?? { ...weights, name: `${weights.name}_bias`, shape: [channels] },
      'int32',
      quantiseBias(corrected, rounded.quant.scales, inputScale),
      { scales, zeroPoints: scales.map(() => 0), axis: 0 },
    );
    this.#become(op.outputs[0]!, this.#calibrated(op.outputs[0]!));
    return { ...op, inputs: [input, madeWeights, madeBias] };
  }

  #calibrated(id: TensorId): Quant {
    const seen = this.seen.get(id);
    if (seen) return int8Quant(chooseRange(seen, this.scheme.calibration));
    const { name } = this.graph.tensors[id]!;
    throw new ReflowError('E_INPUT', `calibration has not seen tensor ${id} (${name})`, 'give more data');
  }

  #become(id: TensorId, quant: Quant): void {
    this.tensors[id] = { ...this.tensors[id]!, dtype: 'int8', quant };
  }

  #constant(like: Tensor, dtype: 'int8' | 'int32', values: Int8Array | Int32Array, quant: Quant): TensorId {
    const data = new Uint8Array(values.buffer);
    return this.tensors.push({ ...like, id: this.tensors.length, dtype, quant, data }) - 1;
  }

  /** The tensor as int8: itself, its quantised values, or requantised where another scale is wanted. */
  #asInt8(id: TensorId, wanted: Quant | null): TensorId {
    const tensor = this.tensors[id]!;
    if (tensor.data) {
      const values = typedArray('float32', tensor.data) as Float32Array;
      let [low, high] = [0, 0];
      for (const x of values) [low, high] = [Math.min(low, x), Math.max(high, x)];
      const quant = wanted ?? int8Quant([low, high]);
      return this.#constant(tensor, 'int8', quantiseValues(values, quant), quant);
    }
    const same = ({ scales, zeroPoints }: Quant) =>
      scales[0] === wanted?.scales[0] && zeroPoints[0] === wanted?.zeroPoints[0];
    if (tensor.dtype === 'int8' && (!wanted || same(tensor.quant!))) return id;
    return this.#twin(id, 'quantize', { dtype: 'int8', quant: wanted ?? this.#calibrated(id) });
  }

  #asReal(id: TensorId): TensorId {
    const { dtype } = this.tensors[id]!;
    return dtype === 'float32' ? id : this.#twin(id, 'dequantize', { dtype: 'float32', quant: null });
  }

  #twin(id: TensorId, kind: 'quantize' | 'dequantize', type: Pick<Tensor, 'dtype' | 'quant'>): TensorId {
    const key = `${id} ${JSON.stringify(type)}`;
    const known = this.#twins.get(key);
    if (known !== undefined) return known;
    const made = this.tensors.push({ ...this.tensors[id]!, id: this.tensors.length, ...type }) - 1;
    this.ops.push({
      ...{ id: this.#nextOp++, kind, label: kind.toUpperCase() },
      ...{ inputs: [id], outputs: [made], attrs: {} },
    });
    this.#twins.set(key, made);
    return made;
  }
}
