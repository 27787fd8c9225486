/**
 * ATTENTION_KV_FREE: ATTENTION_BLOCK without keys and values, for less memory and more multiplications. Keys' weights are folded
 * into the queries and values' weights are applied to what is mixed of the tokens themselves, so that keys and values are never rounded
 * to int8: another rounding, not the same bits. Inputs and attributes are those of ATTENTION_BLOCK.
 */
import { type Tensor, typedArray } from '../ir/tensor.js';
import {
  type AttentionBlockAttrs,
  attentionBlock,
  attentionParts,
  attentionShape,
} from './attention-block.js';
import { kvFreeWorkBytes } from './block-memory.js';
import { partParams } from './block-parts.js';
import type { CStruct, CValue, OpDef, OpView } from './op-def.js';
import { quantiseMultiplier, quantOf } from './quantise.js';
import { firstRefusal } from './refusal.js';

export const attentionKvFree: OpDef<AttentionBlockAttrs> = {
  ...attentionBlock,
  kind: 'attention_kv_free',
  refuse: (view) =>
    firstRefusal(
      () => attentionBlock.refuse(view),
      () =>
        attentionShape(view).dim <= mostDim
          ? null
          : { reason: `tokens of more than ${mostDim} numbers`, hint: 'keep keys and values' },
    ),
  macs(view) {
    const { tokens, dim, heads, width } = attentionShape(view);
    return 4 * tokens * dim * width + 2 * tokens * tokens * dim * heads;
  },
  fast: {},
  calls(view) {
    const { tokens, dim, heads, headDim, width } = attentionShape(view);
    const { norm, query, softmax, project, add } = attentionParts(view);
    const folded = foldedQueries(view);
    return [
      {
        kernel: 'attention_kv_free_s8',
        file: 'attention_kv_free',
        uses: ['layer_norm_int', 'fully_connected', 'softmax', 'add'],
        paramsType: 'attention_kv_free_s8_params',
        params: {
          ...{ tokens, dim, heads, head_dim: headDim },
          query_zero: view.attrs.zeroPoints[1]!,
          norm_zero: view.attrs.zeroPoints[0]!,
          limit: folded.limit,
          norm: { struct: partParams(norm) },
          query: { struct: { ...partParams(query), out_count: headDim } },
          back: { struct: folded.layer },
          ...folded.scores,
          score_zero: view.attrs.zeroPoints[4]!,
          softmax: { struct: partParams(softmax) },
          value: { struct: valueLayer(view) },
          value_zero: view.attrs.zeroPoints[5]!,
          project: { struct: partParams(project) },
          add: { struct: partParams(add) },
        },
        form: 'whole',
        reads: [view.input(0).id],
        writes: [view.output(0).id],
        scratchBytes: kvFreeWorkBytes({ tokens, dim, width, headDim }),
      },
    ];
  },
};

/** Sums of 16-bit numbers times weights stay within 32 bits. */
const mostDim = 511;

function scaleOfRow(weights: Tensor, row: number): number {
  const { scales } = quantOf(weights);
  return scales.length === 1 ? scales[0]! : scales[row]!;
}

/** Keys' weights, transposed head by head and quantised again by the rows that they have then; their results reach to the limit. */
function foldedQueries(view: OpView<AttentionBlockAttrs>) {
  const { dim, heads, headDim } = attentionShape(view);
  const weights = view.input(5);
  const values = typedArray('int8', weights.data!) as Int8Array;
  const [normScale, queryScale, scoreScale] = [0, 1, 4].map((index) => view.attrs.scales[index]!);
  const zero = view.attrs.zeroPoints[1]!;
  const reach = Math.max(127 - zero, zero + 128) * queryScale!;
  const packed = new Int8Array(heads * dim * headDim);
  const rowScales: number[] = [];
  let largest = 0;
  for (let output = 0; output < heads * dim; output++) {
    const [head, d] = [Math.floor(output / dim), output % dim];
    const row = Array.from({ length: headDim }, (_, c) => {
      const channel = head * headDim + c;
      return values[channel * dim + d]! * scaleOfRow(weights, channel);
    });
    const scale = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127 || 1;
    packed.set(
      row.map((value) => Math.round(value / scale)),
      output * headDim,
    );
    rowScales.push(scale);
    largest = Math.max(largest, reach * row.reduce((sum, value) => sum + Math.abs(value), 0));
  }
  const limit = Math.min(32_767, Math.floor((2 ** 31 - 1) / (255 * dim)));
  const wideScale = largest / limit || 1;
  const scores = quantiseMultiplier((wideScale * normScale!) / scoreScale!);
  const multipliers = rowScales.map((scale) => quantiseMultiplier((queryScale! * scale) / wideScale));
  return {
    limit,
    layer: wideLayer('back', packed, null, multipliers),
    scores: { score_multiplier: scores.multiplier, score_shift: scores.shift },
  };
}

/** Values of mixed tokens, which are in units of 1/64 of a normalised token's. */
function valueLayer(view: OpView<AttentionBlockAttrs>): CStruct {
  const { width } = attentionShape(view);
  const [weights, bias] = [view.input(7), view.inputs[8] ?? null];
  const [unit, output] = [view.attrs.scales[0]! / 64, view.attrs.scales[5]!];
  const multipliers = Array.from({ length: width }, (_, row) =>
    quantiseMultiplier((unit * scaleOfRow(weights, row)) / output),
  );
  const biases =
    bias && Int32Array.from(typedArray('int32', bias.data!) as Int32Array, (value) => clampBias(64 * value));
  return wideLayer('value', typedArray('int8', weights.data!) as Int8Array, biases, multipliers);
}

/** A bias beyond this saturates its output anyway. */
const clampBias = (value: number) => Math.max(-(2 ** 30), Math.min(2 ** 30, value));

function wideLayer(
  name: string,
  weights: Int8Array,
  bias: Int32Array | null,
  scales: readonly { multiplier: number; shift: number }[],
): CStruct {
  const array = (role: string, values: Int8Array | Int32Array, weight: boolean): CValue => ({
    array: { role: `${name}_${role}`, values, weight },
  });
  return {
    weights: array('weights', weights, true),
    bias: bias ? array('bias', bias, true) : { array: null },
    multipliers: array(
      'multipliers',
      Int32Array.from(scales, ({ multiplier }) => multiplier),
      false,
    ),
    shifts: array(
      'shifts',
      Int32Array.from(scales, ({ shift }) => shift),
      false,
    ),
  };
}
