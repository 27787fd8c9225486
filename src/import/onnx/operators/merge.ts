/** Factors and summands per channel, merged into the weights and bias of the operator in front. */
import { elementCount } from '../../../ir/tensor.js';
import { constantOf, numbersOf } from '../constant.js';
import type { Lowering, Value } from '../lowering.js';

/** The axis of the output channels in the weights of each operator that a factor per channel can be merged into. */
const channelAxis: Readonly<Record<string, number>> = {
  conv2d: 0,
  depthwise_conv2d: 3,
  fully_connected: 0,
  transpose_conv: 0,
};

/**
 * Whether value * factor + shift, per position along `axis`, is now what the operator in front computes. It is not where
 * others read the value, the axis is not that operator's channels, or it does not work on float32.
 */
export function mergeScale(
  net: Lowering,
  value: Value,
  axis: number,
  factor: readonly number[],
  shift: readonly number[],
): boolean {
  const producer = net.producer(value);
  const at = producer ? channelAxis[producer.kind] : undefined;
  if (!producer || at === undefined || value.place?.form.at(-1) !== axis) return false;
  if (producer.attrs.activation !== 'none') return false;
  const weights = net.tensors[producer.inputs[1]!]!;
  if (weights.dtype !== 'float32' || weights.data === null || weights.shape[at] !== factor.length)
    return false;
  const inner = elementCount(weights.shape.slice(at + 1));
  const scaled = numbersOf({ dtype: 'float32', shape: weights.shape, data: weights.data }).map(
    (weight, index) => weight * factor[Math.floor(index / inner) % factor.length]!,
  );
  const bias = producer.inputs[2] == null ? null : net.tensors[producer.inputs[2]]!;
  const old = bias?.data ? numbersOf({ dtype: 'float32', shape: bias.shape, data: bias.data }) : null;
  const moved = shift.map((add, channel) => (old?.[channel] ?? 0) * factor[channel]! + add);
  const inputs = [
    producer.inputs[0]!,
    net.constantTensor(constantOf('float32', weights.shape, scaled), 'weights'),
    net.constantTensor(constantOf('float32', [moved.length], moved), 'bias'),
    ...producer.inputs.slice(3),
  ];
  net.replace(producer, { inputs });
  return true;
}

/**
 * A constant operand of a value as one number per position along the only axis that it varies along, for a single number
 * the last one of the tensor; null when it varies along several axes or would make the result larger.
 */
export function alongAxis(value: Value, operand: Value): { axis: number; values: number[] } | null {
  const last = value.place?.form.at(-1);
  if (operand.constant && operand.dtype === 'float32' && elementCount(operand.shape) === 1 && last != null) {
    const [number = 0] = numbersOf(operand.constant);
    return { axis: last, values: Array<number>(value.shape[last]!).fill(number) };
  }
  if (!operand.constant || operand.dtype !== 'float32' || operand.shape.length > value.shape.length)
    return null;
  const lift = value.shape.length - operand.shape.length;
  const long = operand.shape.flatMap((dim, axis) => (dim > 1 ? [axis + lift] : []));
  const [axis] = long;
  if (axis === undefined || long.length > 1 || value.shape[axis] !== elementCount(operand.shape)) return null;
  return { axis, values: numbersOf(operand.constant) };
}
