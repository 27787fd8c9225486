/** Refuses int8 convolutions whose 32-bit sums could overflow for some input: TFLM's kernels would wrap around. */
import { typedArray } from '../ir/tensor.js';
import type { OpView, Refusal } from './op-def.js';
import { quantOf } from './quantise.js';
import { largestValue } from './refusal.js';

/** @param channels which axis of the weights counts the output channels: the first, or the last */
export function refuseOverflow(view: OpView, channels: 'first' | 'last'): Refusal | null {
  const [input, weights, bias] = [view.input(0), view.input(1), view.inputs[2] ?? null];
  if (input.dtype !== 'int8') return null;
  const count = (channels === 'first' ? weights.shape[0] : weights.shape.at(-1)) ?? 1;
  const values = typedArray('int8', weights.data!) as Int8Array;
  const zero = quantOf(weights).zeroPoints[0]!;
  const inner = values.length / count;
  const sums = new Float64Array(count);
  for (const [at, value] of values.entries())
    sums[channels === 'first' ? Math.floor(at / inner) : at % count]! += Math.abs(value - zero);
  const given = bias ? typedArray('int32', bias.data!) : new Int32Array(count);
  const largest = largestValue(input);
  const channel = sums.findIndex((sum, c) => Math.abs(Number(given[c])) + sum * largest > 2 ** 31 - 1);
  if (channel < 0) return null;
  return {
    reason: `the sum of output channel ${channel} can leave 32 bits`,
    hint: 'quantise the network again: the bias is far larger than the weights allow',
  };
}
