/** FULLY_CONNECTED of int8 rows on Helium: rf_fully_connected_s8_mve. */
import { elementCount, typedArray } from '../../ir/tensor.js';
import { channelScales } from '../dsp/requantise.js';
import type { FullyConnectedAttrs } from '../fully-connected.js';
import type { KernelCall, OpView } from '../op-def.js';
import { perTensor, type QuantisedMultiplier, quantOf } from '../quantise.js';
import { biasOf, constantFields, groupRows, groupTable, outputFields, rowsOf } from './groups.js';

/**
 * @param common the scale of all outputs; null where each has its own
 * @returns null for other types, weights with a zero point, or scales of a half or more
 */
export function fullyConnectedMve(
  view: OpView<FullyConnectedAttrs>,
  common: QuantisedMultiplier | null,
): readonly KernelCall[] | null {
  const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
  const [count = 1, inputs = 1] = weights.shape;
  if (input.dtype !== 'int8' || quantOf(weights).zeroPoints.some((zero) => zero !== 0)) return null;
  const rows = rowsOf(typedArray('int8', weights.data!) as Int8Array, inputs);
  const scales = common
    ? Array<QuantisedMultiplier>(count).fill(common)
    : channelScales(input, weights, output, count);
  const table = groupTable(rows, biasOf(view), perTensor(input).zeroPoint, scales);
  if (!table) return null;
  return [
    {
      kernel: 'fully_connected_s8_mve',
      file: 'fully_connected_mve',
      paramsType: 'fully_connected_s8_mve_params',
      params: {
        rows: elementCount(input.shape) / inputs,
        in_count: inputs,
        out_count: count,
        ...outputFields(view, view.attrs.activation),
        ...constantFields(groupRows(rows), table),
      },
      form: 'whole',
      reads: [input.id],
      writes: [output.id],
      scratchBytes: 0,
    },
  ];
}
