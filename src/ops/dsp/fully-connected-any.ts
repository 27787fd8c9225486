/** FULLY_CONNECTED on the DSP extension of int16, and of int8 with numbers that the faster arithmetic cannot take. */
import { elementCount, typedArray } from '../../ir/tensor.js';
import { narrowField } from '../convolution.js';
import type { FullyConnectedAttrs } from '../fully-connected.js';
import type { KernelCall, OpView } from '../op-def.js';
import { activationRange, perTensor, type QuantisedMultiplier, quantOf } from '../quantise.js';
import { dotConstants, packWords, wordsOf } from './words.js';

/**
 * @param common the scale of all outputs; null where each has its own
 * @returns null for float32, weights with a zero point, or int8 sums that might leave 32 bits
 */
export function fullyConnectedAnyDsp(
  view: OpView<FullyConnectedAttrs>,
  common: QuantisedMultiplier | null,
): readonly KernelCall[] | null {
  const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
  if (input.dtype === 'float32' || quantOf(weights).zeroPoints.some((zero) => zero !== 0)) return null;
  const [count = 1, inputs = 1] = weights.shape;
  const values = typedArray('int8', weights.data!) as Int8Array;
  const filters = Array.from({ length: count }, (_, o) => values.subarray(o * inputs, (o + 1) * inputs));
  const scales = common && {
    multipliers: new Int32Array(count).fill(common.multiplier),
    shifts: new Int32Array(count).fill(common.shift),
  };
  const constants = dotConstants(view, filters, packWords(filters, 4), scales, 4);
  if (!constants) return null;
  const { min, max } = activationRange(view.attrs.activation, output);
  const isWide = input.dtype === 'int16';
  const words = wordsOf(inputs);
  return [
    {
      kernel: isWide ? 'fully_connected_s16_dsp' : 'fully_connected_any_s8_dsp',
      file: 'fully_connected_any_dsp',
      paramsType: isWide ? 'fully_connected_s16_dsp_params' : 'fully_connected_any_s8_dsp_params',
      params: {
        rows: elementCount(input.shape) / inputs,
        in_count: inputs,
        out_count: count,
        words,
        ...(isWide ? narrowField(input, view.inputs[2] ?? null) : { out_zero: perTensor(output).zeroPoint }),
        act_min: min,
        act_max: max,
        ...constants,
      },
      form: 'whole',
      reads: [input.id],
      writes: [output.id],
      scratchBytes: words * 4 * 2,
    },
  ];
}
