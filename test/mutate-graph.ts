/**
 * Changes what a file says while it stays well formed: dimensions, types, scales, attributes, who reads what. What
 * `mutate` seldom gets past the importer, this gets to the operators, the passes and the planner.
 */
import type { AttrValue, Graph, Op } from '../src/ir/graph.js';
import { type DType, elementCount, type Quant, type Tensor, tensorBytes } from '../src/ir/tensor.js';
import { Random } from './random.js';

type Mutation = (graph: Graph, random: Random) => Graph;

const dimensions = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 64, 300, 4096, 70_000, 2 ** 20, 2 ** 30];
const integers = [0, 1, 2, 3, 4, 5, 8, -1, -2, -5, 7, 100, 255, 65_536, 2 ** 30, 2 ** 31 - 1, -(2 ** 31)];
const numbers = [...integers, 0.5, 1e-40, 1e38, Number.NaN];
const scales = [0, 1e-45, 1e-38, 1e-9, 0.001, 1 / 256, 1 / 32768, 0.1, 1, 3.5, 1000, 1e9, 3.4e38];
const types: readonly DType[] = ['int8', 'uint8', 'int16', 'int32', 'int64', 'float32', 'bool'];

const mutations: readonly Mutation[] = [
  // One dimension's size, wherever it stands.
  (graph, random) => {
    const { shape } = random.pick(graph.tensors);
    if (shape.length === 0) return graph;
    const [before, after] = [random.pick(shape), random.pick(dimensions)];
    return mapTensors(graph, (tensor) => ({
      ...tensor,
      shape: tensor.shape.map((dim) => (dim === before ? after : dim)),
    }));
  },
  // One dimension of one tensor.
  (graph, random) =>
    mapOne(graph, random, (tensor) =>
      tensor.shape.length === 0
        ? tensor
        : { ...tensor, shape: tensor.shape.with(random.below(tensor.shape.length), random.pick(dimensions)) },
    ),
  // More dimensions, or none.
  (graph, random) =>
    mapOne(graph, random, (tensor) => ({
      ...tensor,
      shape: random.below(3) === 0 ? [] : [...Array<number>(random.below(5)).fill(1), ...tensor.shape],
    })),
  // The type of one tensor, or of all that had it.
  (graph, random) => {
    const { dtype } = random.pick(graph.tensors);
    const after = random.pick(types);
    const all = random.below(2) === 0;
    return all
      ? mapTensors(graph, (tensor) => (tensor.dtype === dtype ? { ...tensor, dtype: after } : tensor))
      : mapOne(graph, random, (tensor) => ({ ...tensor, dtype: after }));
  },
  // Scales and zero points.
  (graph, random) => mapOne(graph, random, (tensor) => ({ ...tensor, quant: quantFor(tensor, random) })),
  (graph, random) => {
    const quant = quantFor(random.pick(graph.tensors), random);
    return mapTensors(graph, (tensor) =>
      tensor.data === null && tensor.quant ? { ...tensor, quant } : tensor,
    );
  },
  // Attributes.
  (graph, random) =>
    mapOp(graph, random, (op) => {
      const name = random.pick(Object.keys(op.attrs).concat('none'));
      const value = op.attrs[name];
      return value === undefined ? op : { ...op, attrs: { ...op.attrs, [name]: attribute(value, random) } };
    }),
  // Other tensors, missing ones, the same one twice.
  (graph, random) =>
    mapOp(graph, random, (op) => {
      if (op.inputs.length === 0) return op;
      const id = random.below(4) === 0 ? null : random.below(graph.tensors.length);
      return { ...op, inputs: op.inputs.with(random.below(op.inputs.length), id) };
    }),
  (graph, random) =>
    mapOp(graph, random, (op) => ({
      ...op,
      inputs: random.below(2) === 0 ? op.inputs.slice(0, -1) : [...op.inputs, op.inputs[0] ?? null],
    })),
  // What is constant becomes an input.
  (graph, random) => {
    const constant = random.pick(graph.tensors);
    if (constant.data === null) return graph;
    const tensors = graph.tensors.with(constant.id, { ...constant, data: null });
    return { ...graph, tensors, inputs: [...graph.inputs, constant.id] };
  },
  // Other numbers in a constant: axes, shapes, paddings, weights.
  (graph, random) =>
    mapOne(graph, random, (tensor) => {
      if (tensor.data === null) return tensor;
      const data = tensor.data.slice();
      const value = new Uint8Array(Int32Array.of(random.pick(numbers)).buffer);
      const at = random.below(Math.max(1, data.length >> 2)) * 4;
      data.set(value.subarray(0, Math.max(0, data.length - at)), at);
      return { ...tensor, data };
    }),
  // More outputs, in any order, repeated.
  (graph, random) => ({ ...graph, outputs: [...graph.outputs, random.below(graph.tensors.length)] }),
];

/** One to four mutations; the same seed gives the same graph. */
export function mutateGraph(graph: Graph, seed: number): Graph {
  const random = new Random(seed);
  let mutated = graph;
  for (let count = 1 + random.below(4); count > 0; count--) mutated = random.pick(mutations)(mutated, random);
  return { ...mutated, tensors: mutated.tensors.map(withFittingData) };
}

function mapTensors(graph: Graph, change: (tensor: Tensor) => Tensor): Graph {
  return { ...graph, tensors: graph.tensors.map(change) };
}

function mapOne(graph: Graph, random: Random, change: (tensor: Tensor) => Tensor): Graph {
  const id = random.below(graph.tensors.length);
  return { ...graph, tensors: graph.tensors.with(id, change(graph.tensors[id]!)) };
}

function mapOp(graph: Graph, random: Random, change: (op: Op) => Op): Graph {
  if (graph.ops.length === 0) return graph;
  const position = random.below(graph.ops.length);
  return { ...graph, ops: graph.ops.with(position, change(graph.ops[position]!)) };
}

/** What the importer lets through: positive scales, as float32 holds them, and zero points inside the type. */
function quantFor({ dtype, shape, quant }: Tensor, random: Random): Quant | null {
  if (random.below(6) === 0) return null;
  const axis = quant?.axis ?? null;
  const count = axis === null ? 1 : (shape[axis] ?? 1);
  const zeros = { int8: [-128, -1, 0, 127], uint8: [0, 128, 255], int16: [0, 0, -32768, 32767] };
  const zeroPoints = zeros[dtype as 'int8'] ?? [0];
  return {
    scales: Array.from({ length: Math.min(count, 4096) }, () => Math.fround(random.pick(scales))),
    zeroPoints: Array.from({ length: Math.min(count, 4096) }, () => random.pick(zeroPoints)),
    axis,
  };
}

function attribute(value: AttrValue, random: Random): AttrValue {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return random.pick(Number.isInteger(value) ? integers : numbers);
  if (typeof value === 'string') return random.pick(['none', 'relu', 'relu6', 'tanh', 'same', 'valid']);
  return value.map(() => random.pick(numbers));
}

/** Constants as long as their shape says, as the importer makes sure; too long ones become computed. */
function withFittingData(tensor: Tensor): Tensor {
  const count = elementCount(tensor.shape);
  if (tensor.data === null) return tensor;
  if (count > 1 << 16) return { ...tensor, data: null };
  const data = new Uint8Array(tensorBytes(tensor));
  for (let at = 0; at < data.length; at += Math.max(1, tensor.data.length))
    data.set(tensor.data.subarray(0, data.length - at), at);
  return { ...tensor, data };
}
