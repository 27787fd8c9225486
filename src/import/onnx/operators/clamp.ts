/** Relu and Clip: part of the operator in front where it can clamp, an operator of their own elsewhere. */
import { elementCount } from '../../../ir/tensor.js';
import { numbersOf } from '../constant.js';
import type { Lower, LowerTable } from '../lower.js';
import type { Lowering, Value } from '../lowering.js';
import type { OnnxNode } from '../node.js';
import { onEach, onPair, scalar } from './elementwise.js';

const clamps: ReadonlyMap<string, { readonly kind: string; readonly activation: string | null }> = new Map([
  ['0,Infinity', { kind: 'relu', activation: 'relu' }],
  ['0,6', { kind: 'relu6', activation: 'relu6' }],
  ['-1,1', { kind: 'relu_n1_to_1', activation: 'relu_n1_to_1' }],
  ['0,1', { kind: 'relu_0_to_1', activation: null }],
]);

/** Limits a value. In integers the limits are those of the result's scale, whichever operator applies them. */
export function clamped(net: Lowering, value: Value, low: number, high: number): Value {
  if (low === -Infinity && high === Infinity) return value;
  const known = clamps.get(`${low},${high}`);
  const producer = known?.activation ? net.producer(value) : null;
  if (producer?.attrs.activation === 'none' && (value.dtype === 'float32' || net.quantised)) {
    net.replace(producer, { attrs: { ...producer.attrs, activation: known!.activation! } });
    return value;
  }
  if (known) return onEach(net, known.kind, value);
  const above = low === -Infinity ? value : onPair(net, 'maximum', value, scalar(net, low));
  return high === Infinity ? above : onPair(net, 'minimum', above, scalar(net, high));
}

/** The limits of a Clip; null where one is computed at run time. */
export function clipLimits(node: OnnxNode, net: Lowering): [low: number, high: number] | null {
  const limit = (index: number, fallback: number) => {
    const value = net.optional(node, index);
    if (!value) return fallback;
    return value.constant && elementCount(value.shape) === 1 ? numbersOf(value.constant)[0]! : Number.NaN;
  };
  const [low, high] = [limit(1, -Infinity), limit(2, Infinity)];
  // The largest float32 stands for "none" in some exporters.
  const open = (value: number) => (Math.abs(value) > 3.4e38 ? Math.sign(value) * Infinity : value);
  return Number.isNaN(low) || Number.isNaN(high) ? null : [open(low), open(high)];
}

const clip: Lower = (node, net) => {
  const value = net.input(node, 0);
  const limits = clipLimits(node, net);
  if (limits && value.dtype === 'float32') return [clamped(net, value, ...limits)];
  if (limits && net.quantised) return [clamped(net, value, ...limits)];
  const [low, high] = [net.optional(node, 1), net.optional(node, 2)];
  const above = low ? onPair(net, 'maximum', value, low) : value;
  return [high ? onPair(net, 'minimum', above, high) : above];
};

export const clamping: LowerTable = {
  Relu: (node, net) => [clamped(net, net.input(node, 0), 0, Infinity)],
  Clip: clip,
};
