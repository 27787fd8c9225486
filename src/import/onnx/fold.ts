/**
 * Nodes whose inputs are all known are computed at import, in double precision: the shape arithmetic of exporters, and
 * whatever else they left for later. Types and rounding follow ONNX's operator specification.
 */
import { elementCount } from '../../ir/tensor.js';
import { broadcastShape } from '../../ops/broadcast.js';
import { type Constant, constantOf, numbersOf, picked } from './constant.js';
import { refuse } from './fault.js';
import { listOf, numberOf, type OnnxNode } from './node.js';
import { broadcastPositions } from './positions.js';
import { dtypeOf } from './tensor-data.js';

type Unary = (x: number) => number;
type Binary = (a: number, b: number) => number;

const unary: Readonly<Record<string, Unary>> = {
  Abs: Math.abs,
  Neg: (x) => -x,
  Sqrt: Math.sqrt,
  Exp: Math.exp,
  Log: Math.log,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sin: Math.sin,
  Cos: Math.cos,
  Tanh: Math.tanh,
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Relu: (x) => Math.max(0, x),
  Reciprocal: (x) => 1 / x,
  Sign: Math.sign,
};

const binary: Readonly<Record<string, Binary>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Min: Math.min,
  Max: Math.max,
  Mod: (a, b) => a - b * Math.floor(a / b),
};

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Equal: (a, b) => a === b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  And: (a, b) => a !== 0 && b !== 0,
  Or: (a, b) => a !== 0 || b !== 0,
  Xor: (a, b) => (a !== 0) !== (b !== 0),
};

const reductions: Readonly<Record<string, (values: readonly number[]) => number>> = {
  ReduceProd: (values) => values.reduce((product, value) => product * value, 1),
  ReduceSum: (values) => values.reduce((sum, value) => sum + value, 0),
  ReduceMax: (values) => Math.max(...values),
  ReduceMin: (values) => Math.min(...values),
  ReduceMean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
};

/** A result of so many elements is no shape arithmetic any more, and would fill the flash where a loop would do. */
const mostElements = 1 << 22;

/** The value of a node whose inputs are these; null for node types that are not computed at import. */
export function foldNode(node: OnnxNode, inputs: readonly Constant[]): Constant | null {
  const [first, second, third] = inputs;
  if (!first) return null;
  const { opType } = node;
  const one = unary[opType];
  if (one) return constantOf(first.dtype, first.shape, numbersOf(first).map(one));
  if (opType === 'Not')
    return constantOf(
      'bool',
      first.shape,
      numbersOf(first).map((x) => (x ? 0 : 1)),
    );
  if (opType === 'Cast') return castTo(node, first);
  if (opType === 'Range' && second && third) return range(first, second, third);
  if (opType === 'Where' && second && third) return choose(first, second, third);
  if (reductions[opType]) return reduce(node, reductions[opType], first, second);
  const two = binary[opType];
  if (two && second)
    return inputs.slice(1).reduce((sum, other) => pairwise(sum, other, sum.dtype, whole(sum, two)), first);
  const compare = comparisons[opType];
  return compare && second ? pairwise(first, second, 'bool', (a, b) => (compare(a, b) ? 1 : 0)) : null;
}

/** Integers divide towards zero; a division by zero has no value that could be folded. */
function whole({ dtype }: Constant, compute: Binary): Binary {
  if (dtype === 'float32') return compute;
  return (a, b) => {
    const result = Math.trunc(compute(a, b));
    return Number.isFinite(result) ? result : refuse('it divides by zero', 'export the network again');
  };
}

function pairwise(a: Constant, b: Constant, dtype: Constant['dtype'], compute: Binary): Constant {
  const shape = broadcastShape(a.shape, b.shape);
  if (elementCount(shape) > mostElements) refuse(`it makes a constant of shape [${shape}]`);
  const [left, right] = [numbersOf(a), numbersOf(b)];
  const [leftAt, rightAt] = [broadcastPositions(a.shape, shape), broadcastPositions(b.shape, shape)];
  const values = Array.from(leftAt, (at, index) => compute(left[at]!, right[rightAt[index]!]!));
  return constantOf(dtype, shape, values);
}

function castTo(node: OnnxNode, from: Constant): Constant | null {
  const dtype = dtypeOf(numberOf(node, 'to', 0));
  return dtype && constantOf(dtype, from.shape, numbersOf(from));
}

function range(from: Constant, to: Constant, by: Constant): Constant {
  const [start = 0, limit = 0, step = 0] = [from, to, by].map((constant) => numbersOf(constant)[0]);
  const count = Math.max(0, Math.ceil((limit - start) / step));
  if (!(count <= mostElements)) refuse('its list never ends', 'export the network again');
  return constantOf(
    from.dtype,
    [count],
    Array.from({ length: count }, (_, index) => start + index * step),
  );
}

function choose(condition: Constant, a: Constant, b: Constant): Constant {
  const shape = broadcastShape(broadcastShape(condition.shape, a.shape), b.shape);
  if (elementCount(shape) > mostElements) refuse(`it makes a constant of shape [${shape}]`);
  const [chosen, left, right] = [condition, a, b].map(numbersOf) as [number[], number[], number[]];
  const [chosenAt, leftAt, rightAt] = [condition, a, b].map(({ shape: own }) =>
    broadcastPositions(own, shape),
  ) as [Int32Array, Int32Array, Int32Array];
  const values = Array.from(chosenAt, (at, index) =>
    chosen[at] ? left[leftAt[index]!]! : right[rightAt[index]!]!,
  );
  return constantOf(a.dtype, shape, values);
}

/** Over all axes, or over named ones. */
function reduce(
  node: OnnxNode,
  compute: (values: readonly number[]) => number,
  from: Constant,
  axesInput: Constant | undefined,
): Constant | null {
  const stated = axesInput ? numbersOf(axesInput) : (listOf(node, 'axes') ?? []);
  if (stated.length === 0 && numberOf(node, 'noop_with_empty_axes', 0) === 1) return from;
  const rank = from.shape.length;
  const axes = new Set(
    stated.length === 0 ? from.shape.keys() : stated.map((axis) => (axis < 0 ? axis + rank : axis)),
  );
  const kept = from.shape.map((dim, axis) => (axes.has(axis) ? 1 : dim));
  const groups = Array.from({ length: elementCount(kept) }, (): number[] => []);
  const values = numbersOf(from);
  broadcastPositions(kept, from.shape).forEach((group, index) => {
    groups[group]!.push(values[index]!);
  });
  const shape = numberOf(node, 'keepdims', 1) === 1 ? kept : from.shape.filter((_, axis) => !axes.has(axis));
  return constantOf(from.dtype, shape, groups.map(compute));
}

/** A constant repeated to a larger shape. */
export function spreadConstant(constant: Constant, shape: readonly number[]): Constant {
  if (elementCount(shape) > mostElements) refuse(`it makes a constant of shape [${shape}]`);
  return picked(constant, broadcastPositions(constant.shape, shape), shape);
}
