/** FULLY_CONNECTED of int8 rows on the DSP extension: rf_fully_connected_s8_dsp. */
import { elementCount, typedArray } from '../../ir/tensor.js';
import type { FullyConnectedAttrs } from '../fully-connected.js';
import type { KernelCall, OpView } from '../op-def.js';
import { activationRange, perTensor, type QuantisedMultiplier, quantOf } from '../quantise.js';
import { packPanel, panelOrder } from './panel.js';
import { channelOf, channelScales, roundsDown } from './requantise.js';

/**
 * @param common the scale of all outputs; null where each has its own
 * @returns null for other types, weights with a zero point, inputs that are no multiple of four, or numbers for which the fast
 *   arithmetic is not exact
 */
export function fullyConnectedDsp(
  view: OpView<FullyConnectedAttrs>,
  common: QuantisedMultiplier | null,
): readonly KernelCall[] | null {
  const [input, weights, output, bias] = [
    view.input(0),
    view.input(1),
    view.output(0),
    view.inputs[2] ?? null,
  ];
  const [count = 1, inputs = 1] = weights.shape;
  if (input.dtype !== 'int8' || inputs % 4 !== 0) return null;
  if (quantOf(weights).zeroPoints.some((zero) => zero !== 0)) return null;
  const values = typedArray('int8', weights.data!) as Int8Array;
  const biases = bias ? typedArray('int32', bias.data!) : new Int32Array(count);
  const scales = common
    ? Array<QuantisedMultiplier>(count).fill(common)
    : channelScales(input, weights, output, count);
  const channels = scales.map((scale, channel) =>
    channelOf(
      values.subarray(channel * inputs, (channel + 1) * inputs),
      Number(biases[channel]!),
      perTensor(input).zeroPoint,
      scale,
    ),
  );
  const down = roundsDown(view.attrs.activation, output);
  const panel = packPanel(values, channels, panelOrder(1, inputs, 2), perTensor(output).zeroPoint, down);
  if (!panel) return null;
  const range = activationRange(view.attrs.activation, output);
  return [
    {
      kernel: 'fully_connected_s8_dsp',
      file: 'fully_connected_dsp',
      paramsType: 'fully_connected_s8_dsp_params',
      params: {
        rows: elementCount(input.shape) / inputs,
        in_count: inputs,
        out_count: count,
        act_min: range.min,
        act_max: range.max,
        rounds_down: down ? 1 : 0,
        weights: {
          array: { role: 'weights', values: inFours(panel.weights, 2 * inputs, count >> 3), weight: true },
        },
        table: { array: { role: 'table', values: panel.table, weight: false } },
      },
      form: 'whole',
      reads: [input.id],
      writes: [output.id],
      scratchBytes: 0,
    },
  ];
}

/**
 * Interleaves the words of four rows of `rowBytes` bytes, `blocks` times; rows that remain stay as they are. Of seven outputs
 * there are four rows, the last one half empty, but no block: the kernel takes eight outputs at a time or two.
 */
function inFours(weights: Int8Array, rowBytes: number, blocks: number): Int8Array {
  const result = weights.slice();
  const blockBytes = 4 * rowBytes;
  for (let block = 0; block < blocks * blockBytes; block += blockBytes) {
    for (let at = 0; at < blockBytes; at++) {
      const [row, byte] = [Math.floor(at / rowBytes), at % rowBytes];
      result[block + Math.floor(byte / 4) * 16 + row * 4 + (byte % 4)] = weights[block + at]!;
    }
  }
  return result;
}
