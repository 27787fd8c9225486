/**
 * ATTENTION_BLOCK: tokens + project(attention(norm(tokens))) as one operator, so that it can run head by head in the place of the
 * tokens. `fuseTransformer` makes it of the layers one by one, whose results it equals bit for bit. Inputs: tokens [.., N, D], the
 * norm's scale and bias, then weights [output][input] and bias of query, key, value and projection.
 */
import type { Tensor } from '../ir/tensor.js';
import { add } from './add.js';
import { batchMatmul } from './batch-matmul.js';
import { between, type Part, part, partParams, refuseParts } from './block-parts.js';
import { attentionBlockDsp } from './dsp/attention-block.js';
import { fullyConnected } from './fully-connected.js';
import { layerNorm } from './layer-norm.js';
import type { OpDef, OpView } from './op-def.js';
import { firstRefusal, refuseDtype, refuseMixedTypes } from './refusal.js';
import { softmax } from './softmax.js';

export type AttentionBlockAttrs = {
  readonly heads: number;
  /** Factor of the scores in the softmax. */
  readonly beta: number;
  readonly epsilon: number;
  /** Of norm, query, key, value, scores, mixed values and projection. */
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
};

export const attentionBlock: OpDef<AttentionBlockAttrs> = {
  kind: 'attention_block',
  tflite: [],
  infer: (view) => [{ dtype: view.input(0).dtype, shape: view.input(0).shape }],
  refuse: (view) =>
    firstRefusal(
      () => refuseDtype(view.input(0), ['int8'], 'the input'),
      () => refuseMixedTypes(view, view.output(0)),
      () => {
        const { width, headDim } = attentionShape(view);
        return Number.isInteger(headDim) && width > 0
          ? null
          : {
              reason: `${width} outputs are not ${view.attrs.heads} heads`,
              hint: 'export the network again',
            };
      },
      () => refuseParts(Object.values(attentionParts(view))),
    ),
  macs(view) {
    const { tokens, dim, width } = attentionShape(view);
    return 4 * tokens * dim * width + 2 * tokens * tokens * width;
  },
  overlaps: () => [{ input: 0, output: 0, leadBytes: 0 }],
  fast: { dsp: attentionBlockDsp },
  calls(view) {
    const { tokens, dim, heads, width, headDim } = attentionShape(view);
    const parts = attentionParts(view);
    const struct = (of: Part, change: { readonly out_count?: number } = {}) => ({
      struct: { ...partParams(of), ...change },
    });
    return [
      {
        kernel: 'attention_block_s8',
        file: 'attention_block',
        uses: ['layer_norm_int', 'fully_connected', 'batch_matmul', 'softmax', 'add'],
        paramsType: 'attention_block_s8_params',
        params: {
          ...{ tokens, dim, heads, head_dim: headDim },
          norm: struct(parts.norm),
          query: struct(parts.query, { out_count: headDim }),
          key: struct(parts.key, { out_count: headDim }),
          value: struct(parts.value, { out_count: headDim }),
          scores: struct(parts.scores),
          softmax: struct(parts.softmax),
          mix: struct(parts.mix),
          project: struct(parts.project),
          add: struct(parts.add),
        },
        form: 'whole',
        reads: [view.input(0).id],
        writes: [view.output(0).id],
        scratchBytes: tokens * width + 2 * tokens * headDim + Math.max(dim, 2 * tokens),
      },
    ];
  },
};

/** Sizes of the block. */
export function attentionShape(view: OpView<AttentionBlockAttrs>) {
  const [tokens = 1, dim = 1] = view.input(0).shape.slice(-2);
  const { heads } = view.attrs;
  const width = view.input(3).shape[0] ?? 0;
  return { tokens, dim, heads, width, headDim: width / heads };
}

/** Its layers, for one token and one query of one head. */
export function attentionParts(view: OpView<AttentionBlockAttrs>) {
  const { tokens, dim, width, headDim } = attentionShape(view);
  const { beta, epsilon, scales, zeroPoints } = view.attrs;
  const at = (shape: readonly number[], index: number) => between(shape, scales[index]!, zeroPoints[index]!);
  const row = (tensor: Tensor) => ({ ...tensor, shape: [1, dim] });
  const [token, result] = [row(view.input(0)), row(view.output(0))];
  const linear = (name: string, from: Tensor, weights: number, to: Tensor) =>
    part(
      name,
      fullyConnected,
      { activation: 'none', keepDims: true, weightsFormat: 0 },
      [from, view.input(weights), view.inputs[weights + 1] ?? null],
      to,
    );
  const [norm, projected] = [at([1, dim], 0), at([1, dim], 6)];
  const share = between([1, tokens], 1 / 256, -128);
  return {
    norm: part('norm', layerNorm, { epsilon }, [token, view.input(1), view.input(2)], norm),
    query: linear('query', norm, 3, at([1, width], 1)),
    key: linear('key', norm, 5, at([1, width], 2)),
    value: linear('value', norm, 7, at([1, width], 3)),
    scores: part(
      'scores',
      batchMatmul,
      { adjX: false, adjY: true },
      [at([1, headDim], 1), at([tokens, headDim], 2)],
      at([1, tokens], 4),
    ),
    softmax: part('softmax', softmax, { beta }, [at([1, tokens], 4)], share),
    mix: part(
      'mix',
      batchMatmul,
      { adjX: false, adjY: false },
      [share, at([tokens, headDim], 3)],
      at([1, headDim], 5),
    ),
    project: linear('project', at([1, width], 5), 9, projected),
    add: part('add', add, { activation: 'none' }, [token, projected], result),
  };
}
