/** What the DSP kernels of transformer blocks need of the layers inside: rf_dsp_linear, rf_dsp_product and rf_add_s8_dsp_params. */
import { typedArray } from '../../ir/tensor.js';
import type { Part } from '../block-parts.js';
import type { CStruct, CValue } from '../op-def.js';
import { perTensor, type QuantisedMultiplier, quantOf } from '../quantise.js';
import { sumDsp } from './binary.js';
import { packPanel, panelOrder } from './panel.js';
import { channelOf, channelScales, roundsDown, scalingOf } from './requantise.js';

/**
 * `rf_dsp_linear` of a FULLY_CONNECTED part; null where the fast arithmetic is not exact.
 * @param common the scale of all outputs where they share one
 */
export function linearStruct({ name, view }: Part, common: QuantisedMultiplier | null): CValue | null {
  const [input, weights, output, bias] = [
    view.input(0),
    view.input(1),
    view.output(0),
    view.inputs[2] ?? null,
  ];
  const [count = 1, inputs = 1] = weights.shape;
  if (inputs % 4 !== 0 || count % 2 !== 0 || quantOf(weights).zeroPoints.some((zero) => zero !== 0))
    return null;
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
  const order = panelOrder(1, inputs, 4);
  const down = roundsDown('none', output);
  const panel = packPanel(values, channels, order, perTensor(output).zeroPoint, down);
  if (!panel) return null;
  return {
    struct: {
      pairs: order.length,
      rounds_down: down ? 1 : 0,
      weights: { array: { role: `${name}_weights`, values: panel.weights, weight: true } },
      table: { array: { role: `${name}_table`, values: panel.table, weight: false } },
    },
  };
}

/** `rf_dsp_product` of `terms` products of a row with a row, by the parameters of the reference; null where it is not exact. */
export function productStruct({ view, def }: Part, terms: number): CValue | null {
  const { a_zero, b_zero, out_zero, multiplier, shift } = def.calls(view)[0]!.params as {
    readonly [field: string]: number;
  };
  // Either operand reaches over 255 steps on either side of its zero point.
  const reach = terms * 255 * 255;
  const channel = { bias: 0, low: -reach, high: reach, multiplier: multiplier!, shift: shift! };
  const scaling = scalingOf(channel, out_zero!, false, sumBits);
  if (!scaling) return null;
  const { bias, add } = scaling;
  return {
    struct: {
      left_zero: a_zero!,
      right_zero: b_zero!,
      bias,
      multiplier: scaling.multiplier,
      add,
      shift: scaling.shift,
    },
  };
}

/** Twice a sum stands in a register. */
const sumBits = 31;

/** `adds_scaled` and `add` of tokens plus something; null where the fast addition does not do. */
export function addFields({ view, def }: Part): CStruct | null {
  const call = sumDsp(def.calls(view))?.[0];
  if (call?.form !== 'flat') return null;
  return { adds_scaled: call.reads[0] === view.input(0).id ? 0 : 1, add: { struct: call.params } };
}
