/** LAYER_NORM of int8 rows: the constants of rf_layer_norm_s8, and what it cannot do. */
import { constantValues, elementCount } from '../ir/tensor.js';
import type { LayerNormAttrs } from './layer-norm.js';
import type { CStruct, KernelCall, OpView, Refusal } from './op-def.js';
import { perTensor } from './quantise.js';

/** Rows are summed in 32 bits. */
const longestRow = 4096;
/** Fraction bits of results before the last rounding, at most. */
const mostShift = 16;

export function refuseLayerNormInt(view: OpView<LayerNormAttrs>): Refusal | null {
  const depth = view.input(0).shape.at(-1) ?? 1;
  if (depth > longestRow)
    return { reason: `rows of ${depth} elements; at most ${longestRow}`, hint: 'keep this operator float32' };
  const { epsilon, shift } = constants(view);
  if (epsilon < 2 ** 31 && shift >= 0) return null;
  return { reason: 'its scales are beyond 32 bits', hint: 'quantise the network again' };
}

export function layerNormIntCalls(view: OpView<LayerNormAttrs>): readonly KernelCall[] {
  return [
    {
      kernel: 'layer_norm_s8',
      file: 'layer_norm_int',
      paramsType: 'layer_norm_s8_params',
      params: layerNormIntParams(view),
      form: 'whole',
      reads: [view.input(0).id],
      writes: [view.output(0).id],
      scratchBytes: 0,
    },
  ];
}

/** `rf_layer_norm_s8_params`. */
export function layerNormIntParams(view: OpView<LayerNormAttrs>): CStruct {
  const { shape } = view.input(0);
  const depth = shape.at(-1) ?? 1;
  const { epsilon, shift, table } = constants(view);
  return {
    rows: elementCount(shape) / depth,
    depth,
    epsilon,
    shift,
    table: { array: { role: 'norm', values: table, weight: true } },
  };
}

function constants(view: OpView<LayerNormAttrs>): { epsilon: number; shift: number; table: Int32Array } {
  const [input, output] = [perTensor(view.input(0)), perTensor(view.output(0))];
  const depth = view.input(0).shape.at(-1) ?? 1;
  const [scales, biases] = [view.input(1), view.input(2)].map((tensor) => constantValues(tensor) ?? []);
  const largest = (values: readonly number[]) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / output.scale;
  const [scale, bias] = [largest(scales!), largest(biases!)];
  const fits = (shift: number) =>
    scale * 2 ** (shift + 12) < 2 ** 31 && (Math.sqrt(depth) * scale + bias + 130) * 2 ** shift < 2 ** 31;
  let shift = mostShift;
  while (shift >= 0 && !fits(shift)) shift--;
  const half = shift > 0 ? 2 ** (shift - 1) : 0;
  const table = new Int32Array(2 * depth);
  for (let i = 0; i < depth; i++) {
    table[2 * i] = Math.round((scales![i]! / output.scale) * 2 ** (shift + 12));
    table[2 * i + 1] = Math.round((biases![i]! / output.scale + output.zeroPoint) * 2 ** shift) + half;
  }
  const epsilon = Math.max(1, Math.round(view.attrs.epsilon * (depth / input.scale) ** 2));
  return { epsilon, shift, table };
}
