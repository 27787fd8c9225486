/** Operators that work on each element alone, with one operand or with two that broadcast. */
import type { Attrs } from '../../../ir/graph.js';
import { elementCount } from '../../../ir/tensor.js';
import { broadcastShape } from '../../../ops/broadcast.js';
import { constantOf, numbersOf } from '../constant.js';
import { refuse } from '../fault.js';
import { type Form, formShape, liftForm, lowerForm, plainForm } from '../form.js';
import type { Lower, LowerTable } from '../lower.js';
import type { ElementType, Lowering, Value } from '../lowering.js';
import { numberOf, type OnnxNode, textOf } from '../node.js';
import { alongAxis, mergeScale } from './merge.js';

/** One of our operators on each element of a value, wherever it lies. */
export function onEach(
  net: Lowering,
  kind: string,
  value: Value,
  attrs: Attrs = {},
  type?: ElementType,
): Value {
  if (value.reshapeOf) return net.reshaped(onEach(net, kind, value.reshapeOf, attrs, type), value.shape);
  const { tensor, form } = net.placeOf(value);
  const made = net.emit(kind, [tensor], net.tensors[tensor]!.shape, type ?? net.resultType(value), attrs);
  return net.computed(made, form, value.shape);
}

/** One of our operators on two values that broadcast. */
export function onPair(net: Lowering, kind: string, a: Value, b: Value, type?: ElementType): Value {
  const shape = broadcastShape(a.shape, b.shape);
  const form = commonForm(net, a, b, shape);
  const operand = (value: Value) => net.tensorIn(value, lowerForm(form, shape.length, value.shape.length));
  const inputs = [operand(a), operand(b)];
  const made = net.emit(kind, inputs, formShape(form, shape), type ?? net.resultType(a), {
    activation: 'none',
  });
  return net.computed(made, form, shape);
}

/** The form of the result: that of an operand of its size, so that only the smaller one may have to move. */
function commonForm(net: Lowering, a: Value, b: Value, shape: readonly number[]): Form {
  const whole = [a, b].filter(
    (value) => !value.constant && !value.reshapeOf && elementCount(value.shape) === elementCount(shape),
  );
  const isPlain = (value: Value) => net.formOf(value).join() === plainForm(value.shape.length).join();
  const lead = whole.find((value) => !isPlain(value)) ?? whole[0];
  return lead ? liftForm(net.formOf(lead), lead.shape.length, shape.length) : plainForm(shape.length);
}

/** A float32 number as an operand. */
export function scalar(net: Lowering, value: number): Value {
  return net.known(constantOf('float32', [], [value]));
}

export function requireFloat(value: Value): Value {
  if (value.dtype === 'float32') return value;
  return refuse(
    `its input is ${value.dtype}; there are kernels for float32`,
    'keep this part of the network float32',
  );
}

const unary =
  (kind: string, attrs: (node: OnnxNode) => Attrs = () => ({})): Lower =>
  (node, net) => [onEach(net, kind, net.input(node, 0), attrs(node))];

/** In integers these have the output scale that TFLite fixes; it is changed to the wanted one behind them. */
const fixedScale =
  (kind: string, scale: number, zeroPoint: number): Lower =>
  (node, net) => {
    const value = net.input(node, 0);
    const wide = net.quantised && value.dtype === 'int16';
    const quant = { scales: [wide ? 1 / 32768 : scale], zeroPoints: [wide ? 0 : zeroPoint], axis: null };
    return [onEach(net, kind, value, {}, net.quantised ? { dtype: value.dtype, quant } : undefined)];
  };

const binary =
  (kind: string): Lower =>
  (node, net) => [onPair(net, kind, net.input(node, 0), net.input(node, 1))];

/** A sum or product with a constant per channel disappears in the weights of the operator in front. */
const merging =
  (kind: string, scale: (values: number[]) => [factor: number[], shift: number[]]): Lower =>
  (node, net) => {
    const [a, b] = [net.input(node, 0), net.input(node, 1)];
    for (const [value, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const constant = alongAxis(value, other);
      if (constant && mergeScale(net, value, constant.axis, ...scale(constant.values))) return [value];
    }
    return [onPair(net, kind, a, b)];
  };

/** Any number of operands, taken together from the left. */
const variadic =
  (kind: string): Lower =>
  (node, net) => {
    const values = node.inputs.map((_, index) => net.input(node, index));
    return [values.reduce((sum, value) => onPair(net, kind, sum, value))];
  };

const mean: Lower = (node, net) => {
  const [sum] = variadic('add')(node, net);
  return [onPair(net, 'mul', sum!, scalar(net, 1 / node.inputs.length))];
};

const pow: Lower = (node, net) => {
  const base = requireFloat(net.input(node, 0));
  const exponent = net.input(node, 1);
  const known = exponent.constant && elementCount(exponent.shape) === 1 ? exponent.constant : null;
  const one = () => scalar(net, 1);
  switch (known ? numbersOf(known)[0] : Number.NaN) {
    case 1:
      return [base];
    case 2:
      return [onEach(net, 'square', base)];
    case 3:
      return [onPair(net, 'mul', onEach(net, 'square', base), base)];
    case 0.5:
      return [onEach(net, 'sqrt', base)];
    case -0.5:
      return [onEach(net, 'rsqrt', base)];
    case -1:
      return [onPair(net, 'div', one(), base)];
    default:
      return [onPair(net, 'pow', base, requireFloat(exponent))];
  }
};

const elu: Lower = (node, net) => {
  const alpha = numberOf(node, 'alpha', 1);
  if (alpha !== 1) refuse(`its alpha is ${alpha}; there is a kernel for 1`);
  return [onEach(net, 'elu', net.input(node, 0))];
};

const reciprocal: Lower = (node, net) => [
  onPair(net, 'div', scalar(net, 1), requireFloat(net.input(node, 0)), net.resultType(net.input(node, 0))),
];

const softplus = (net: Lowering, x: Value): Value =>
  // ln(1 + e^x) as max(x, 0) + ln(1 + e^-|x|), which does not overflow.
  onPair(
    net,
    'add',
    onEach(net, 'relu', x),
    onEach(
      net,
      'log',
      onPair(net, 'add', onEach(net, 'exp', onEach(net, 'neg', onEach(net, 'abs', x))), scalar(net, 1)),
    ),
  );

const swish: Lower = (node, net) => {
  const x = requireFloat(net.input(node, 0));
  const alpha = numberOf(node, 'alpha', 1);
  const scaled = alpha === 1 ? x : onPair(net, 'mul', x, scalar(net, alpha));
  return [onPair(net, 'mul', x, onEach(net, 'logistic', scaled))];
};

const softsign: Lower = (node, net) => {
  const x = requireFloat(net.input(node, 0));
  return [onPair(net, 'div', x, onPair(net, 'add', onEach(net, 'abs', x), scalar(net, 1)))];
};

const mish: Lower = (node, net) => {
  const x = requireFloat(net.input(node, 0));
  return [onPair(net, 'mul', x, onEach(net, 'tanh', softplus(net, x)))];
};

export const elementwise: LowerTable = {
  Abs: unary('abs'),
  Neg: unary('neg'),
  Sqrt: unary('sqrt'),
  Exp: unary('exp'),
  Log: unary('log'),
  Sin: unary('sin'),
  Cos: unary('cos'),
  Floor: unary('floor'),
  Ceil: unary('ceil'),
  Round: unary('round'),
  Erf: unary('erf'),
  Sigmoid: fixedScale('logistic', 1 / 256, -128),
  Tanh: fixedScale('tanh', 1 / 128, 0),
  HardSwish: unary('hard_swish'),
  LeakyRelu: unary('leaky_relu', (node) => ({ alpha: numberOf(node, 'alpha', 0.01) })),
  Gelu: unary('gelu', (node) => ({ approximate: textOf(node, 'approximate', 'none') === 'tanh' })),
  Elu: elu,
  Reciprocal: reciprocal,
  HardSigmoid: unary('hard_sigmoid', (node) => ({
    alpha: numberOf(node, 'alpha', 0.2),
    beta: numberOf(node, 'beta', 0.5),
  })),
  Softplus: (node, net) => [softplus(net, requireFloat(net.input(node, 0)))],
  Softsign: softsign,
  Swish: swish,
  Mish: mish,
  Add: merging('add', (values) => [values.map(() => 1), values]),
  Sub: binary('sub'),
  Mul: merging('mul', (values) => [values, values.map(() => 0)]),
  Div: binary('div'),
  Pow: pow,
  PRelu: binary('prelu'),
  Min: variadic('minimum'),
  Max: variadic('maximum'),
  Sum: variadic('add'),
  Mean: mean,
};
