/**
 * MLP_BLOCK: tokens + contract(activation(expand(norm(tokens)))) as one operator in the place of the tokens. `fuseTransformer` makes
 * it of the layers one by one, whose results it equals bit for bit. Inputs: tokens [.., N, D], the norm's scale and bias, then
 * weights [output][input] and bias of the two layers.
 */
import { elementCount, type Tensor } from '../ir/tensor.js';
import { add } from './add.js';
import { between, part, partParams, refuseParts } from './block-parts.js';
import { mlpBlockDsp } from './dsp/mlp-block.js';
import { fullyConnected } from './fully-connected.js';
import { layerNorm } from './layer-norm.js';
import type { OpDef, OpView } from './op-def.js';
import { firstRefusal, refuseDtype, refuseMixedTypes } from './refusal.js';
import { silu } from './silu.js';
import { gelu } from './table-function.js';

export type MlpBlockAttrs = {
  /** An operator that is a table of 256 values, and its attribute. */
  readonly activation: 'gelu' | 'silu';
  /** GELU by its approximation with tanh; for SiLU the factor of the exponent. */
  readonly approximate: boolean;
  readonly slope: number;
  readonly epsilon: number;
  /** Tokens that share one pass over the weights. */
  readonly tile: number;
  /** Of norm, hidden layer before and behind the activation, and result. */
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
};

export const mlpBlock: OpDef<MlpBlockAttrs> = {
  kind: 'mlp_block',
  tflite: [],
  infer: (view) => [{ dtype: view.input(0).dtype, shape: view.input(0).shape }],
  refuse: (view) =>
    firstRefusal(
      () => refuseDtype(view.input(0), ['int8'], 'the input'),
      () => refuseMixedTypes(view, view.output(0)),
      () => refuseParts(Object.values(mlpParts(view))),
    ),
  macs(view) {
    const { tokens, dim, hidden } = mlpShape(view);
    return 2 * tokens * dim * hidden;
  },
  overlaps: () => [{ input: 0, output: 0, leadBytes: 0 }],
  fast: { dsp: mlpBlockDsp },
  calls(view) {
    const { tokens, dim, hidden } = mlpShape(view);
    const { norm, expand, activation, contract, sum } = mlpParts(view);
    return [
      {
        kernel: 'mlp_block_s8',
        file: 'mlp_block',
        uses: ['layer_norm_int', 'fully_connected', 'lookup', 'add'],
        paramsType: 'mlp_block_s8_params',
        params: {
          ...{ tokens, dim, hidden },
          norm: { struct: partParams(norm) },
          expand: { struct: partParams(expand) },
          activation: { struct: partParams(activation) },
          contract: { struct: partParams(contract) },
          add: { struct: partParams(sum) },
        },
        form: 'whole',
        reads: [view.input(0).id],
        writes: [view.output(0).id],
        scratchBytes: dim + hidden,
      },
    ];
  },
};

/** Sizes of the block. */
export function mlpShape(view: OpView<MlpBlockAttrs>) {
  const dim = view.input(0).shape.at(-1) ?? 1;
  return { tokens: elementCount(view.input(0).shape) / dim, dim, hidden: view.input(3).shape[0] ?? 0 };
}

/** Its layers for one token. */
export function mlpParts(view: OpView<MlpBlockAttrs>) {
  const { dim, hidden } = mlpShape(view);
  const { activation, approximate, slope, epsilon, scales, zeroPoints } = view.attrs;
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
  const [norm, before, behind, contracted] = [
    at([1, dim], 0),
    at([1, hidden], 1),
    at([1, hidden], 2),
    at([1, dim], 3),
  ];
  return {
    norm: part('norm', layerNorm, { epsilon }, [token, view.input(1), view.input(2)], norm),
    expand: linear('expand', norm, 3, before),
    activation:
      activation === 'gelu'
        ? part('activation', gelu, { approximate }, [before], behind)
        : part('activation', silu, { slope }, [before], behind),
    contract: linear('contract', behind, 5, contracted),
    sum: part('add', add, { activation: 'none' }, [token, contracted], result),
  };
}
