/** Weights for runtime-c/rf_dsp_dot.h, and the constants beside them. */
import { typedArray } from '../../ir/tensor.js';
import { channelMultipliers } from '../convolution.js';
import type { CStruct, CValue, OpView } from '../op-def.js';
import { perTensor } from '../quantise.js';
import { channelOf } from './requantise.js';

/** Inputs of a word of weights, in the order of its bytes. */
const order = [0, 2, 1, 3] as const;

/** Filters with their weights in the order of a column. */
export type Filter = Int8Array;

/** The words of filters of one length, `together` at a time interleaved; the last ones are filled up with zeros. */
export function packWords(filters: readonly Filter[], together: 2 | 4): Int8Array {
  const words = wordsOf(filters[0]?.length ?? 0);
  const blocks = Math.ceil(filters.length / together);
  const packed = new Int8Array(blocks * together * words * 4);
  for (const [index, filter] of filters.entries()) {
    const block = Math.floor(index / together) * together * words * 4;
    for (let word = 0; word < words; word++)
      for (const [byte, input] of order.entries())
        packed[block + (word * together + (index % together)) * 4 + byte] = filter[4 * word + input] ?? 0;
  }
  return packed;
}

/** Words of a column of so many inputs. */
export function wordsOf(inputs: number): number {
  return Math.ceil(inputs / 4);
}

export type Scales = { readonly multipliers: Int32Array; readonly shifts: Int32Array };

/**
 * `weights`, `bias`, `multipliers` and `shifts` of the kernels' parameters: input 0 of the operator is the image, 1 the weights
 * and 2 the bias. int8 biases take the inputs' zero point off. Channels are filled up to a multiple of `unit`.
 * Null when an int8 sum might leave 32 bits.
 *
 * @param foldsZero whether padding is the zero point, so that it can be taken off the bias
 * @param narrow whether 32-bit biases of int16 stand for arithmetic of 32 bits
 */
export function dotConstants(
  view: OpView,
  filters: readonly Filter[],
  weights: Int8Array,
  scales: Scales | null,
  unit: number,
  { foldsZero = true, narrow = true } = {},
): CStruct | null {
  const [input, output, bias] = [view.input(0), view.output(0), view.inputs[2] ?? null];
  const count = filters.length;
  const { multipliers, shifts } = scales ?? channelMultipliers(input, view.input(1), output, count);
  const given = bias ? typedArray(bias.dtype, bias.data!) : new Int32Array(count);
  const array = (role: string, values: Int32Array | BigInt64Array | Int8Array, weight: boolean): CValue => ({
    array: { role, values, weight },
  });
  const filled = Math.ceil(count / unit) * unit;
  const isReduced = input.dtype === 'int16' && !(narrow && bias?.dtype === 'int32');
  const scale = scaleConstants({ multipliers, shifts }, filled, isReduced);
  if (input.dtype === 'int16') {
    const wide = BigInt64Array.from({ length: filled }, (_, i) => BigInt(given[i] ?? 0));
    return { weights: array('weights', weights, true), bias: array('bias', wide, true), ...scale };
  }
  const biases = new Int32Array(filled);
  for (const [index, filter] of filters.entries()) {
    const channel = channelOf(filter, Number(given[index]!), perTensor(input).zeroPoint, {
      multiplier: 0,
      shift: 0,
    });
    if (!channel) return null;
    biases[index] = foldsZero ? channel.bias : Number(given[index]!);
  }
  return { weights: array('weights', weights, true), bias: array('bias', biases, true), ...scale };
}

/** `multipliers` and `shifts`, filled up to `count`; `isReduced`: as rf_dsp_scale_wide takes them. */
export function scaleConstants({ multipliers, shifts }: Scales, count: number, isReduced: boolean): CStruct {
  const array = (role: string, values: Int32Array): CValue => ({
    array: {
      role,
      values: Int32Array.from({ length: count }, (_, i) => values[i] ?? 0),
      weight: false,
    },
  });
  return {
    multipliers: array('multipliers', isReduced ? multipliers.map(reduced) : multipliers),
    shifts: array('shifts', isReduced ? shifts.map((shift) => 15 - shift) : shifts),
  };
}

/** The 15 bits of a multiplier that rf_scale_wide takes. */
function reduced(multiplier: number): number {
  return multiplier < 0x7fff0000 ? (multiplier + 2 ** 15) >> 16 : 0x7fff;
}
