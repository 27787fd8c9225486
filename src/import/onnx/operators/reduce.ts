/** Reductions, ArgMax and softmax: operators along named axes. */
import type { TensorId } from '../../../ir/tensor.js';
import { numbersOf } from '../constant.js';
import { refuse } from '../fault.js';
import { type Form, formShape, isImage, plainForm } from '../form.js';
import type { Lower, LowerTable } from '../lower.js';
import type { Lowering, Value } from '../lowering.js';
import { listOf, numberOf, type OnnxNode } from '../node.js';
import { onEach, requireFloat } from './elementwise.js';
import { globalPool } from './pool.js';

/** An axis as a position; negative ones count from the end. */
export function axisIn(stated: number, rank: number): number {
  const axis = stated < 0 ? stated + rank : stated;
  if (axis >= 0 && axis < rank) return axis;
  return refuse(`there is no axis ${stated} in ${rank} dimensions`, 'export the network again');
}

/** One of our reductions over axes; those of length 1 need none. */
export function reduced(
  net: Lowering,
  kind: string,
  value: Value,
  axes: readonly number[],
  keep: boolean,
): Value {
  const kept = value.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const shape = keep ? kept : value.shape.filter((_, axis) => !axes.includes(axis));
  const long = axes.filter((axis) => value.shape[axis]! > 1);
  if (long.length === 0) return net.reshaped(value, shape);
  const spatial = value.shape.flatMap((dim, axis) => (axis >= 2 && dim > 1 ? [axis] : []));
  if (kind === 'mean' && isPicture(net, value) && long.toSorted((a, b) => a - b).join() === spatial.join())
    return net.reshaped(globalPool(net, 'average_pool2d', value), shape);
  const form = value.reshapeOf ? plainForm(value.shape.length) : net.formOf(value);
  const tensor = net.tensorIn(value, form);
  const positions = net.integers(
    long.map((axis) => form.indexOf(axis)),
    'axes',
  );
  const made = net.emit(kind, [tensor, positions], formShape(form, kept), net.resultType(value), {
    keepDims: true,
  });
  return net.reshaped(net.computed(made, form, kept), shape);
}

/** An image whose mean is fed row by row. */
function isPicture(net: Lowering, value: Value): boolean {
  return (
    !net.quantised &&
    value.dtype === 'float32' &&
    !value.reshapeOf &&
    isImage(net.formOf(value), value.shape.length)
  );
}

/** The axes of a reduction: an attribute before opset 18, an input since; none are all, unless the node says otherwise. */
function reductionAxes(node: OnnxNode, net: Lowering, rank: number): number[] {
  const input = net.optionalConstant(node, 1, 'its list of axes');
  const stated = input ? numbersOf(input) : (listOf(node, 'axes') ?? []);
  if (stated.length > 0) return stated.map((axis) => axisIn(axis, rank));
  return numberOf(node, 'noop_with_empty_axes', 0) === 1
    ? []
    : Array.from({ length: rank }, (_, axis) => axis);
}

/** Before and after: what is done to each element, the reduction, and what is done to each result. */
const reduction =
  (kind: string, before: string | null = null, after: string | null = null): Lower =>
  (node, net) => {
    const value = net.input(node, 0);
    const axes = reductionAxes(node, net, value.shape.length);
    if (axes.length === 0 && numberOf(node, 'noop_with_empty_axes', 0) === 1 && !before && !after)
      return [value];
    const prepared = before ? onEach(net, before, requireFloat(value)) : value;
    const result = reduced(net, kind, prepared, axes, numberOf(node, 'keepdims', 1) === 1);
    return [after ? onEach(net, after, result) : result];
  };

const argument =
  (kind: string): Lower =>
  (node, net) => {
    if (numberOf(node, 'select_last_index', 0) !== 0)
      refuse('it gives the last of equal elements; there is a kernel for the first');
    const value = net.input(node, 0);
    const axis = axisIn(numberOf(node, 'axis', 0), value.shape.length);
    const kept = value.shape.with(axis, 1);
    const form = inFormWith(net, value, axis);
    const at = form.indexOf(axis);
    const tensor = net.tensorIn(value, form);
    const shape = formShape(form, kept).toSpliced(at, 1);
    const made = net.emit(kind, [tensor, net.integers([at], 'axis')], shape, { dtype: 'int64', quant: null });
    const result = net.computed(made, form.toSpliced(at, 1), kept);
    const keep = numberOf(node, 'keepdims', 1) === 1;
    return [keep ? result : net.reshaped(result, kept.toSpliced(axis, 1))];
  };

/** The form of a value, or ONNX's own where that lacks the axis. */
export function inFormWith(net: Lowering, value: Value, axis: number): Form {
  const form = value.reshapeOf ? plainForm(value.shape.length) : net.formOf(value);
  return form.includes(axis) ? form : plainForm(value.shape.length);
}

/** A tensor of the value with this axis last, and its form. */
export function axisLast(net: Lowering, value: Value, axis: number): { tensor: TensorId; form: Form } {
  const now = value.reshapeOf ? plainForm(value.shape.length) : net.formOf(value);
  const form =
    now.at(-1) === axis ? now : [...plainForm(value.shape.length).filter((other) => other !== axis), axis];
  return { tensor: net.tensorIn(value, form), form };
}

export function softmaxOf(net: Lowering, value: Value, axis: number): Value {
  const { tensor, form } = axisLast(net, value, axis);
  // TFLite fixes the scale of integer probabilities; it is changed to the wanted one behind them.
  const [scale, zeroPoint] = value.dtype === 'int16' ? [1 / 32768, 0] : [1 / 256, -128];
  const fixed = { dtype: value.dtype, quant: { scales: [scale], zeroPoints: [zeroPoint], axis: null } };
  const type = net.quantised ? fixed : value;
  const made = net.emit('softmax', [tensor], net.tensors[tensor]!.shape, type, { beta: 1 });
  return net.computed(made, form, value.shape);
}

const softmax: Lower = (node, net) => {
  const value = net.input(node, 0);
  return [softmaxOf(net, value, axisIn(numberOf(node, 'axis', -1), value.shape.length))];
};

export const reductions: LowerTable = {
  ReduceMean: reduction('mean'),
  ReduceSum: reduction('sum'),
  ReduceMax: reduction('reduce_max'),
  ReduceMin: reduction('reduce_min'),
  ReduceProd: reduction('reduce_prod'),
  ReduceL1: reduction('sum', 'abs'),
  ReduceL2: reduction('sum', 'square', 'sqrt'),
  ReduceSumSquare: reduction('sum', 'square'),
  ReduceLogSum: reduction('sum', null, 'log'),
  ArgMax: argument('arg_max'),
  ArgMin: argument('arg_min'),
  Softmax: softmax,
  LogSoftmax: (node, net) => [onEach(net, 'log', softmax(node, net)[0]!)],
};
