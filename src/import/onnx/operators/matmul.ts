/** Gemm and MatMul: fully connected layers where one operand is constant, matrix products where both are computed. */
import { elementCount, type TensorId } from '../../../ir/tensor.js';
import { broadcastShape } from '../../../ops/broadcast.js';
import { type Constant, constantOf, numbersOf, picked, reshaped, transposed } from '../constant.js';
import { refuse } from '../fault.js';
import { axisOrder, type Form, formShape, plainForm } from '../form.js';
import type { Lower, LowerTable } from '../lower.js';
import type { Lowering, Value } from '../lowering.js';
import { numberOf } from '../node.js';
import { biasTensor } from './bias.js';
import { onPair, requireFloat, scalar } from './elementwise.js';

/**
 * Rows of `value` times weights [outputs][inputs]. Rows may lie in any order, for the result lies in the same; of a flattened
 * image the weights' columns are reordered rather than the image.
 */
function linear(net: Lowering, value: Value, weights: Constant, bias: Constant | null): Value {
  const [outputs = 1, inputs = 1] = weights.shape;
  const last = value.shape.length - 1;
  if (value.shape[last] !== inputs)
    refuse(`weights [${weights.shape}] do not fit [${value.shape}]`, 'export the network again');
  const flat = flattened(net, value, weights);
  if (flat)
    return fullyConnected(net, value, flat.tensor, flat.weights, bias, plainForm(2), [
      value.shape[0]!,
      outputs,
    ]);
  const now = value.reshapeOf ? plainForm(last + 1) : net.formOf(value);
  const form = now.at(-1) === last ? now : plainForm(last + 1);
  const tensor = net.tensorIn(value, form);
  const shape = value.shape.with(last, outputs);
  const physical = formShape(form, shape);
  if (physical.length === 4 && physical[0] === 1 && physical[1]! > 1)
    return pointwise(net, value, tensor, weights, bias, form, shape);
  return fullyConnected(net, value, tensor, weights, bias, form, shape);
}

function fullyConnected(
  net: Lowering,
  value: Value,
  tensor: TensorId,
  weights: Constant,
  bias: Constant | null,
  form: Form,
  shape: readonly number[],
): Value {
  const constants = [
    net.constantTensor(weights, 'weights'),
    biasTensor(net, bias, value, weights, weights.shape[0]!),
  ];
  const attrs = { activation: 'none', keepDims: form.length !== 2, weightsFormat: 0 };
  const made = net.emit(
    'fully_connected',
    [tensor, ...constants],
    formShape(form, shape),
    net.resultType(value),
    attrs,
  );
  return net.computed(made, form, shape);
}

/** On an image: a convolution by one pixel, which runs row by row. */
function pointwise(
  net: Lowering,
  value: Value,
  tensor: TensorId,
  weights: Constant,
  bias: Constant | null,
  form: Form,
  shape: readonly number[],
): Value {
  const [outputs = 1, inputs = 1] = weights.shape;
  const kernel = reshaped(weights, [outputs, 1, 1, inputs]);
  const window = { padding: 'valid', pads: [0, 0, 0, 0], strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 };
  const made = net.emit(
    'conv2d',
    [tensor, net.constantTensor(kernel, 'weights'), biasTensor(net, bias, value, kernel, outputs)],
    formShape(form, shape),
    net.resultType(value),
    { ...window, activation: 'none' },
  );
  return net.computed(made, form, shape);
}

/** The image behind a flattened value, and the weights in the order in which it holds its elements. */
function flattened(
  net: Lowering,
  value: Value,
  weights: Constant,
): { tensor: TensorId; weights: Constant } | null {
  const source = value.reshapeOf;
  if (!source?.place || value.shape.length !== 2 || source.shape[0] !== value.shape[0] || source.realOf)
    return null;
  const { tensor, form } = source.place;
  const order = axisOrder(form, source.shape);
  const batched = source.shape[0]! > 1;
  if (batched && order[0] !== 0) return null;
  const inner = order.filter((axis) => axis !== 0);
  const logical = inner.toSorted((a, b) => a - b);
  const dims = [weights.shape[0]!, ...logical.map((axis) => source.shape[axis]!)];
  const moved = transposed(reshaped(weights, dims), [0, ...inner.map((axis) => 1 + logical.indexOf(axis))]);
  const shape = [value.shape[0]!, value.shape[1]!];
  const flatTensor = batched
    ? net.emit('reshape', [tensor], shape, value, { rule: 'reshape', dims: shape })
    : tensor;
  return {
    tensor: flatTensor,
    weights: { ...reshaped(moved, weights.shape), ...(weights.quant ? { quant: weights.quant } : {}) },
  };
}

const gemm: Lower = (node, net) => {
  const [alpha, beta] = [numberOf(node, 'alpha', 1), numberOf(node, 'beta', 1)];
  const a = swapped(net, net.input(node, 0), numberOf(node, 'transA', 0) === 1);
  const b = swapped(net, net.input(node, 1), numberOf(node, 'transB', 0) === 1);
  const c = net.optional(node, 2);
  if (a.shape.length !== 2 || b.shape.length !== 2)
    refuse('its operands are no matrices', 'export the network again');
  const rowBias = c === null || (c.constant !== null && elementCount(c.shape) === c.shape.at(-1));
  if (b.constant && rowBias && !a.constant) {
    const weights = times(transposed(b.constant, [1, 0]), alpha);
    const outputs = weights.shape[0]!;
    const bias = c?.constant ? times(spread(c.constant, outputs), beta) : null;
    return [linear(net, a, weights, bias)];
  }
  const product = product2(net, a, b);
  const scaled = alpha === 1 ? product : onPair(net, 'mul', product, scalar(net, alpha));
  if (!c) return [scaled];
  return [onPair(net, 'add', scaled, beta === 1 ? c : onPair(net, 'mul', c, scalar(net, beta)))];
};

/** One bias an output. */
function spread(bias: Constant, outputs: number): Constant {
  const count = elementCount(bias.shape);
  return count === outputs ? reshaped(bias, [outputs]) : picked(bias, new Int32Array(outputs), [outputs]);
}

function times(constant: Constant, factor: number): Constant {
  if (factor === 1) return constant;
  if (constant.quant) refuse('its factors are not 1 although it is quantised', 'export the network again');
  return constantOf(
    'float32',
    constant.shape,
    numbersOf(constant).map((value) => value * factor),
  );
}

/** The last two axes exchanged; nothing moves. */
function swapped(net: Lowering, value: Value, swap: boolean): Value {
  if (!swap) return value;
  const rank = value.shape.length;
  const order = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
  return permuted(net, value, order);
}

/** Axis i of the result is axis order[i] of the value; nothing moves. */
export function permuted(net: Lowering, value: Value, order: readonly number[]): Value {
  const shape = order.map((axis) => value.shape[axis]!);
  if (value.constant) {
    const { stored } = value.constant;
    const constant = transposed(value.constant, order);
    return net.known(stored ? { ...constant, stored: transposed(stored, order) } : constant);
  }
  if (value.realOf) return { ...value, shape, realOf: permuted(net, value.realOf, order) };
  const { tensor, form } = net.placeOf(value);
  const moved = form.map((axis) => (axis === null ? null : order.indexOf(axis)));
  return { ...value, shape, place: { tensor, form: moved }, reshapeOf: null };
}

/** A matrix product of two computed operands; one whose matrices lie transposed is read so. */
function product2(net: Lowering, a: Value, b: Value): Value {
  const operand = (value: Value) => {
    const rank = value.shape.length;
    const now = net.formOf(value).join();
    const across = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
    // Where the elements must move anyway, the shorter move is the one that leaves the innermost axis where it is.
    const inner = net.formOf(value).at(-1);
    const transposedThere =
      !value.constant && !value.reshapeOf && now !== plainForm(rank).join() && inner === rank - 2;
    return {
      tensor: net.tensorIn(value, transposedThere ? across : plainForm(rank)),
      transposed: transposedThere,
    };
  };
  if (a.shape.at(-1) !== b.shape.at(-2))
    refuse(`[${a.shape}] and [${b.shape}] cannot be multiplied`, 'export the network again');
  const shape = [
    ...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)),
    a.shape.at(-2)!,
    b.shape.at(-1)!,
  ];
  const [left, right] = [operand(a), operand(b)];
  const attrs = { adjX: left.transposed, adjY: right.transposed };
  const made = net.emit('batch_matmul', [left.tensor, right.tensor], shape, net.resultType(a), attrs);
  return net.computed(made, plainForm(shape.length), shape);
}

const matMul: Lower = (node, net) => {
  const [left, right] = [net.input(node, 0), net.input(node, 1)];
  // One-dimensional operands are a row and a column, whose axis goes again.
  const a = left.shape.length === 1 ? net.reshaped(left, [1, ...left.shape]) : left;
  const b = right.shape.length === 1 ? net.reshaped(right, [...right.shape, 1]) : right;
  const result = productOf(net, a, b);
  const shape = result.shape.filter(
    (_, axis) =>
      !(left.shape.length === 1 && axis === result.shape.length - 2) &&
      !(right.shape.length === 1 && axis === result.shape.length - 1),
  );
  return [shape.length === result.shape.length ? result : net.reshaped(result, shape)];
};

function productOf(net: Lowering, a: Value, b: Value): Value {
  const matrix =
    b.constant && elementCount(b.shape.slice(0, -2)) === 1 && b.shape.length <= Math.max(2, a.shape.length);
  if (matrix && !a.constant) {
    const weights = reshaped2(b.constant!);
    return linear(net, a, transposed(weights, [1, 0]), null);
  }
  return product2(net, net.quantised ? a : requireFloat(a), b);
}

/** Without the leading axes of length 1. */
function reshaped2(constant: Constant): Constant {
  const { quant } = constant;
  const dropped = constant.shape.length - 2;
  const flat = reshaped(constant, constant.shape.slice(-2));
  return quant && quant.axis !== null ? { ...flat, quant: { ...quant, axis: quant.axis - dropped } } : flat;
}

export const products: LowerTable = { Gemm: gemm, MatMul: matMul };
