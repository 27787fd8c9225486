/** Operators that give the same elements another shape, order or type; most of them cost nothing. */
import { type DType, elementCount } from '../../../ir/tensor.js';
import { broadcastShape } from '../../../ops/broadcast.js';
import { constantOf, numbersOf, picked } from '../constant.js';
import { refuse } from '../fault.js';
import { spreadConstant } from '../fold.js';
import { lowerForm, plainForm } from '../form.js';
import type { Lower, LowerTable } from '../lower.js';
import type { Lowering, Value } from '../lowering.js';
import { listOf, numberOf, type OnnxNode, tensorAttribute } from '../node.js';
import { broadcastPositions } from '../positions.js';
import { dtypeOf, typeName } from '../tensor-data.js';
import { onPair } from './elementwise.js';
import { permuted } from './matmul.js';
import { axisIn } from './reduce.js';

const reshape: Lower = (node, net) => {
  const value = net.input(node, 0);
  const wanted = numbersOf(net.constant(node, 1, 'its shape'));
  const copiesZero = numberOf(node, 'allowzero', 0) === 0;
  const dims = wanted.map((dim, axis) => (dim === 0 && copiesZero ? (value.shape[axis] ?? 0) : dim));
  const known = dims.reduce((product, dim) => product * (dim === -1 ? 1 : dim), 1);
  const shape = dims.map((dim) => (dim === -1 ? elementCount(value.shape) / known : dim));
  return [net.reshaped(value, shape)];
};

const flatten: Lower = (node, net) => {
  const value = net.input(node, 0);
  const stated = numberOf(node, 'axis', 1);
  const axis = stated < 0 ? stated + value.shape.length : stated;
  return [
    net.reshaped(value, [elementCount(value.shape.slice(0, axis)), elementCount(value.shape.slice(axis))]),
  ];
};

const squeeze: Lower = (node, net) => {
  const value = net.input(node, 0);
  const stated = net.optionalConstant(node, 1, 'its list of axes');
  const axes = stated ? numbersOf(stated).map((axis) => axisIn(axis, value.shape.length)) : null;
  if (axes?.some((axis) => value.shape[axis] !== 1))
    refuse(`[${value.shape}] has no length 1 along [${axes}]`);
  return [
    net.reshaped(
      value,
      value.shape.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1)),
    ),
  ];
};

const unsqueeze: Lower = (node, net) => {
  const value = net.input(node, 0);
  const stated = numbersOf(net.constant(node, 1, 'its list of axes'));
  const rank = value.shape.length + stated.length;
  const axes = new Set(stated.map((axis) => axisIn(axis, rank)));
  const rest = [...value.shape];
  return [
    net.reshaped(
      value,
      Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (rest.shift() ?? 1))),
    ),
  ];
};

const transpose: Lower = (node, net) => {
  const value = net.input(node, 0);
  const order = listOf(node, 'perm') ?? [...value.shape.keys()].reverse();
  const isOrder = order.length === value.shape.length && new Set(order).size === order.length;
  if (!isOrder || order.some((axis) => !(axis >= 0 && axis < order.length)))
    refuse(`[${order}] is no permutation of ${value.shape.length} axes`, 'export the network again');
  return [permuted(net, value, order)];
};

/** The dimensions of a value, which are known. */
const shapeOf: Lower = (node, net) => {
  const { shape } = net.input(node, 0);
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + shape.length : at, 0), shape.length);
  const part = shape.slice(clamp(numberOf(node, 'start', 0)), clamp(numberOf(node, 'end', shape.length)));
  return [net.known(constantOf('int64', [part.length], part))];
};

const expand: Lower = (node, net) => {
  const value = net.input(node, 0);
  const shape = broadcastShape(value.shape, numbersOf(net.constant(node, 1, 'its shape')));
  return [broadcastTo(net, value, shape)];
};

function broadcastTo(net: Lowering, value: Value, shape: readonly number[]): Value {
  if (elementCount(shape) === elementCount(value.shape)) return net.reshaped(value, shape);
  if (value.constant) return net.known(spreadConstant(value.constant, shape));
  const form = plainForm(shape.length);
  const tensor = net.tensorIn(value, lowerForm(form, shape.length, value.shape.length));
  const made = net.emit('broadcast_to', [tensor, net.integers(shape, 'shape')], shape, value);
  return net.computed(made, form, shape);
}

const tile: Lower = (node, net) => {
  const value = net.input(node, 0);
  const times = numbersOf(net.constant(node, 1, 'its list of repeats'));
  if (times.length !== value.shape.length)
    refuse(`[${times}] does not fit [${value.shape}]`, 'export the network again');
  const form = plainForm(value.shape.length);
  const shape = value.shape.map((dim, axis) => dim * times[axis]!);
  const made = net.emit('tile', [net.tensorIn(value, form), net.integers(times, 'repeats')], shape, value);
  return [net.computed(made, form, shape)];
};

const cast: Lower = (node, net) => {
  const value = net.input(node, 0);
  const code = numberOf(node, 'to', 0);
  const dtype = dtypeOf(code);
  if (!dtype) return refuse(`it casts to ${typeName(code)}`, 'export the network in float32');
  if (dtype === value.dtype) return [value];
  return [castTo(net, value, dtype)];
};

function castTo(net: Lowering, value: Value, dtype: DType): Value {
  const { tensor, form } = net.placeOf(value);
  const made = net.emit('cast', [tensor], net.tensors[tensor]!.shape, { dtype, quant: null });
  return net.computed(made, form, value.shape);
}

/**
 * A choice by a constant condition, as sums and products: x * c + (c ? 0 : y). Exact for finite x, where y is constant.
 */
const where: Lower = (node, net) => {
  const condition = numbersOf(net.constant(node, 0, 'its condition'));
  const [conditions, x, y] = [net.input(node, 0), net.input(node, 1), net.input(node, 2)];
  const shape = [x, y].reduce(
    (dims, value) => broadcastShape(dims, value.shape),
    conditions.shape as number[],
  );
  if (condition.every((chosen) => chosen)) return [broadcastTo(net, x, shape)];
  if (condition.every((chosen) => !chosen)) return [broadcastTo(net, y, shape)];
  const [kept, other, mask] = y.constant ? [x, y, condition] : [y, x, condition.map((chosen) => 1 - chosen)];
  if (!other.constant || kept.dtype !== 'float32')
    refuse('both values of its choice are computed at run time');
  const factor = net.known(constantOf('float32', conditions.shape, mask));
  const summand = net.known(constantOf('float32', shape, maskedOut(other, conditions.shape, mask, shape)));
  return [onPair(net, 'add', onPair(net, 'mul', kept, factor), summand)];
};

function maskedOut(
  other: Value,
  maskShape: readonly number[],
  mask: readonly number[],
  shape: readonly number[],
): number[] {
  const maskAt = broadcastPositions(maskShape, shape);
  const otherAt = broadcastPositions(other.shape, shape);
  const values = numbersOf(other.constant!);
  return Array.from(maskAt, (at, index) => (mask[at] ? 0 : values[otherAt[index]!]!));
}

const constantOfShape: Lower = (node, net) => {
  const shape = numbersOf(net.constant(node, 0, 'its shape'));
  const value = tensorAttribute(node, 'value') ?? constantOf('float32', [1], [0]);
  return [net.known(picked(value, new Int32Array(elementCount(shape)), shape))];
};

/** The value of a Constant node, whichever attribute holds it. */
function constantValue(node: OnnxNode, net: Lowering): Value {
  const tensor = tensorAttribute(node, 'value');
  if (tensor) return net.known(tensor);
  for (const [name, dtype] of [
    ['value_float', 'float32'],
    ['value_int', 'int64'],
  ] as const)
    if (node.attributes.has(name)) return net.known(constantOf(dtype, [], [numberOf(node, name, 0)]));
  for (const [name, dtype] of [
    ['value_floats', 'float32'],
    ['value_ints', 'int64'],
  ] as const) {
    const list = listOf(node, name);
    if (list) return net.known(constantOf(dtype, [list.length], list));
  }
  return refuse('it holds no numbers');
}

const same: Lower = (node, net) => [net.input(node, 0)];

/** Without training a dropout passes its input on; its mask is all true. */
const dropout: Lower = (node, net) => {
  const training = net.optionalConstant(node, 2, 'its mode');
  if (training && numbersOf(training)[0])
    refuse('it is in training mode', 'export the network with model.eval()');
  const value = net.input(node, 0);
  const mask = () => constantOf('bool', value.shape, Array<number>(elementCount(value.shape)).fill(1));
  return node.outputs[1] ? [value, net.known(mask())] : [value];
};

export const shapes: LowerTable = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Identity: same,
  Dropout: dropout,
  Shape: shapeOf,
  Size: (node, net) => [net.known(constantOf('int64', [], [elementCount(net.input(node, 0).shape)]))],
  Expand: expand,
  Tile: tile,
  Cast: cast,
  Where: where,
  Constant: (node, net) => [constantValue(node, net)],
  ConstantOfShape: constantOfShape,
};
