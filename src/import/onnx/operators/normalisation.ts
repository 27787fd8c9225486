/** BatchNormalization, InstanceNormalization, LayerNormalization and their kin. */
import { elementCount, type TensorId } from '../../../ir/tensor.js';
import { type Constant, constantOf, numbersOf, reshaped } from '../constant.js';
import { refuse } from '../fault.js';
import type { Lower, LowerTable } from '../lower.js';
import type { Lowering, Value } from '../lowering.js';
import { numberOf, type OnnxNode } from '../node.js';
import { onEach, onPair, requireFloat, scalar } from './elementwise.js';
import { mergeScale } from './merge.js';
import { reduced } from './reduce.js';

/** x * factor + shift per channel (axis 1), merged into the weights of the operator in front where there is one. */
function scaledChannels(
  net: Lowering,
  value: Value,
  factor: readonly number[],
  shift: readonly number[],
): Value {
  if (mergeScale(net, value, 1, factor, shift)) return value;
  const shape = [factor.length, ...value.shape.slice(2).map(() => 1)];
  const operand = (values: readonly number[]) => net.known(constantOf('float32', shape, values));
  return onPair(net, 'add', onPair(net, 'mul', value, operand(factor)), operand(shift));
}

const batchNormalization: Lower = (node, net) => {
  if (numberOf(node, 'training_mode', 0) !== 0)
    refuse('it is in training mode', 'export the network with model.eval()');
  const value = requireFloat(net.input(node, 0));
  const parts = ['scale', 'bias', 'mean', 'variance'].map((what, index) =>
    numbersOf(net.constant(node, index + 1, `its ${what}`)),
  );
  const [gamma, beta, mean, variance] = parts as [number[], number[], number[], number[]];
  if (parts.some((part) => part.length !== value.shape[1]))
    refuse(`its numbers do not fit ${value.shape[1]} channels`, 'export the network again');
  const epsilon = numberOf(node, 'epsilon', 1e-5);
  const factor = gamma.map((g, channel) => g / Math.sqrt(variance[channel]! + epsilon));
  return [
    scaledChannels(
      net,
      value,
      factor,
      beta.map((b, channel) => b - mean[channel]! * factor[channel]!),
    ),
  ];
};

/** (x - mean) / sqrt(variance + epsilon) over some axes, and the two numbers that it takes for that. */
function statistics(net: Lowering, value: Value, axes: readonly number[], epsilon: number) {
  const mean = reduced(net, 'mean', value, axes, true);
  const centred = onPair(net, 'sub', value, mean);
  const variance = reduced(net, 'mean', onEach(net, 'square', centred), axes, true);
  const inverse = onEach(net, 'rsqrt', onPair(net, 'add', variance, scalar(net, epsilon)));
  return { standard: onPair(net, 'mul', centred, inverse), mean, inverse };
}

function standardised(net: Lowering, value: Value, axes: readonly number[], epsilon: number): Value {
  return statistics(net, value, axes, epsilon).standard;
}

const instanceNormalization: Lower = (node, net) => {
  const value = requireFloat(net.input(node, 0));
  const axes = value.shape.flatMap((_, axis) => (axis >= 2 ? [axis] : []));
  const shape = [value.shape[1]!, ...axes.map(() => 1)];
  const perChannel = (index: number, what: string) =>
    net.known(reshaped(net.constant(node, index, what), shape));
  const standard = standardised(net, value, axes, numberOf(node, 'epsilon', 1e-5));
  const scaled = onPair(net, 'mul', standard, perChannel(1, 'its scale'));
  return [onPair(net, 'add', scaled, perChannel(2, 'its bias'))];
};

const layerNormalization: Lower = (node, net) => {
  const value = requireFloat(net.input(node, 0));
  const stated = numberOf(node, 'axis', -1);
  const first = stated < 0 ? stated + value.shape.length : stated;
  const epsilon = numberOf(node, 'epsilon', 1e-5);
  const [scale, bias] = [net.input(node, 1), net.optional(node, 2)];
  const alone = !node.outputs[1] && !node.outputs[2];
  if (alone && lastAxisOnly(value, first, scale, bias))
    return [oneOperator(net, value, scale.constant!, bias?.constant ?? null, epsilon)];
  const axes = value.shape.flatMap((_, axis) => (axis >= first ? [axis] : []));
  const { standard, mean, inverse } = statistics(net, value, axes, epsilon);
  const scaled = onPair(net, 'mul', standard, scale);
  return [bias ? onPair(net, 'add', scaled, bias) : scaled, mean, inverse];
};

function lastAxisOnly(value: Value, first: number, scale: Value, bias: Value | null): boolean {
  const size = value.shape.at(-1)!;
  const fits = (operand: Value) => operand.constant !== null && elementCount(operand.shape) === size;
  return first === value.shape.length - 1 && fits(scale) && (bias === null || fits(bias));
}

/** `layer_norm` over the tensor's last dimension; other dimensions may lie in any order. */
function oneOperator(
  net: Lowering,
  value: Value,
  scale: Constant,
  bias: Constant | null,
  epsilon: number,
): Value {
  const last = value.shape.length - 1;
  const now = net.formOf(value);
  const form = now.at(-1) === last && !value.reshapeOf ? now : [...value.shape.keys()];
  const size = value.shape[last]!;
  const operand = (constant: Constant | null, role: string): TensorId =>
    net.constantTensor(
      constant ? reshaped(constant, [size]) : constantOf('float32', [size], Array<number>(size).fill(0)),
      role,
    );
  const tensor = net.tensorIn(value, form);
  const inputs = [tensor, operand(scale, 'scale'), operand(bias, 'bias')];
  return net.computed(
    net.emit('layer_norm', inputs, net.tensors[tensor]!.shape, value, { epsilon }),
    form,
    value.shape,
  );
}

const groupNormalization: Lower = (node, net) => {
  const value = requireFloat(net.input(node, 0));
  const groups = numberOf(node, 'num_groups', 0);
  const [batch = 1, channels = 1, ...rest] = value.shape;
  if (!(groups >= 1) || channels % groups !== 0)
    refuse(`${groups} groups do not fit ${channels} channels`, 'export the network again');
  const grouped = net.reshaped(value, [batch, groups, elementCount(value.shape) / batch / groups]);
  const standard = net.reshaped(
    standardised(net, grouped, [2], numberOf(node, 'epsilon', 1e-5)),
    value.shape,
  );
  const shape = [channels, ...rest.map(() => 1)];
  const perChannel = (index: number, what: string) => {
    const constant = net.constant(node, index, what);
    const numbers = numbersOf(constant);
    // Before opset 21 the scale and bias were one per group.
    const spread =
      numbers.length === channels
        ? numbers
        : Array.from({ length: channels }, (_, c) => numbers[Math.floor((c * groups) / channels)]!);
    return net.known(constantOf('float32', shape, spread));
  };
  return [
    onPair(net, 'add', onPair(net, 'mul', standard, perChannel(1, 'its scale')), perChannel(2, 'its bias')),
  ];
};

const rmsNormalization: Lower = (node, net) => {
  const value = requireFloat(net.input(node, 0));
  const stated = numberOf(node, 'axis', -1);
  const first = stated < 0 ? stated + value.shape.length : stated;
  const axes = value.shape.flatMap((_, axis) => (axis >= first ? [axis] : []));
  const power = reduced(net, 'mean', onEach(net, 'square', value), axes, true);
  const inverse = onEach(
    net,
    'rsqrt',
    onPair(net, 'add', power, scalar(net, numberOf(node, 'epsilon', 1e-5))),
  );
  return [onPair(net, 'mul', onPair(net, 'mul', value, inverse), net.input(node, 1))];
};

const lpNormalization: Lower = (node: OnnxNode, net) => {
  const value = requireFloat(net.input(node, 0));
  const stated = numberOf(node, 'axis', -1);
  const axis = stated < 0 ? stated + value.shape.length : stated;
  const euclid = numberOf(node, 'p', 2) === 2;
  const sum = reduced(net, 'sum', onEach(net, euclid ? 'square' : 'abs', value), [axis], true);
  // A row of zeros stays one: its norm is taken for the smallest number that has a root and a quotient.
  const norm = onPair(net, 'maximum', sum, scalar(net, 2 ** -100));
  return [onPair(net, 'div', value, euclid ? onEach(net, 'sqrt', norm) : norm)];
};

export const normalisations: LowerTable = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  RMSNormalization: rmsNormalization,
  LpNormalization: lpNormalization,
};
