/** Weights and constants in groups of four output channels, as runtime-c/rf_mve.h and rf_mve_panel.h want them. */
import { typedArray } from '../../ir/tensor.js';
import { roundsDown } from '../dsp/requantise.js';
import type { CStruct, OpView } from '../op-def.js';
import { type Activation, activationRange, perTensor, type QuantisedMultiplier } from '../quantise.js';

const groupChannels = 4;

/** Channels of a group in the order of its rows of weights. */
const rowOrder = [0, 2, 1, 3];

/**
 * Bias, multiplier and shift of each group, filled up with zeros. The bias takes in the input's zero point and wraps around, as
 * the sums do. Null where a channel scales by a half or more: the kernels only shift to the right.
 *
 * @param rows the weights of each channel
 */
export function groupTable(
  rows: readonly Int8Array[],
  bias: Int32Array | null,
  inZero: number,
  scales: readonly QuantisedMultiplier[],
): Int32Array | null {
  const table = new Int32Array(Math.ceil(rows.length / groupChannels) * 3 * groupChannels).fill(0);
  for (const [channel, row] of rows.entries()) {
    const { multiplier, shift } = scales[channel]!;
    if (shift > -1 && multiplier !== 0) return null;
    const at = Math.floor(channel / groupChannels) * 3 * groupChannels + (channel % groupChannels);
    const sum = row.reduce((total, weight) => total + weight, 0);
    table[at] = (bias?.[channel] ?? 0) - inZero * sum;
    table[at + groupChannels] = multiplier;
    table[at + 2 * groupChannels] = Math.min(-1, shift);
  }
  // Lanes without a channel shift as well; by how much does not matter.
  return table.map((value, at) => (value === 0 && at % 12 >= 2 * groupChannels ? -1 : value));
}

/** The rows of whole groups in the order in which a panel takes them, the others as they are. */
export function groupRows(rows: readonly Int8Array[]): Int8Array {
  const whole = rows.length - (rows.length % groupChannels);
  const ordered = rows.map((row, at) =>
    at < whole ? rows[at - (at % groupChannels) + rowOrder[at % groupChannels]!]! : row,
  );
  const packed = new Int8Array(ordered.reduce((bytes, row) => bytes + row.length, 0));
  let at = 0;
  for (const row of ordered) {
    packed.set(row, at);
    at += row.length;
  }
  return packed;
}

/** The bias of an operator, which is its input 2. */
export function biasOf(view: OpView): Int32Array | null {
  const bias = view.inputs[2] ?? null;
  return bias && (typedArray('int32', bias.data!) as Int32Array);
}

/** Consecutive runs of `length` values. */
export function rowsOf(values: Int8Array, length: number): Int8Array[] {
  return Array.from({ length: values.length / length }, (_, row) =>
    values.subarray(row * length, (row + 1) * length),
  );
}

/** The fields between geometry and constants, in the order of the C structs. */
export function outputFields(view: OpView, activation: Activation): CStruct {
  const output = view.output(0);
  const range = activationRange(activation, output);
  return {
    out_zero: perTensor(output).zeroPoint,
    act_min: range.min,
    act_max: range.max,
    rounds_down: roundsDown(activation, output) ? 1 : 0,
  };
}

export function constantFields(weights: Int8Array, table: Int32Array): CStruct {
  return {
    weights: { array: { role: 'weights', values: weights, weight: true } },
    table: { array: { role: 'table', values: table, weight: false } },
  };
}
