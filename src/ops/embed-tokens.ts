/**
 * EMBED_TOKENS: the pixels of an image as tokens [1, N, D], behind a class token where there is one, each plus its position. Row by row:
 * patches may lie where the image has been. `fuseTransformer` makes it of RESHAPE, CONCATENATION and ADD. Inputs: image, positions,
 * class token.
 */
import { type Tensor, typedArray } from '../ir/tensor.js';
import { add } from './add.js';
import { type Part, part, partParams, refuseParts } from './block-parts.js';
import type { CValue, OpDef, OpView } from './op-def.js';
import { firstRefusal, refuseComputed, refuseDtype, refuseMixedTypes, refuseRank } from './refusal.js';

export type EmbedTokensAttrs = { readonly [name: string]: never };

export const embedTokens: OpDef<EmbedTokensAttrs> = {
  kind: 'embed_tokens',
  tflite: [],
  infer(view) {
    const { dtype, shape } = view.input(0);
    const [, h = 1, w = 1, c = 1] = shape;
    return [{ dtype, shape: [1, h * w + (view.inputs[2] ? 1 : 0), c] }];
  },
  refuse: (view) =>
    firstRefusal(
      () => refuseRank(view.input(0), [4], 'the image'),
      () => refuseDtype(view.input(0), ['int8'], 'the image'),
      () => refuseMixedTypes(view, view.input(1), view.output(0)),
      () => refuseComputed(view.input(1), 'the positions'),
      () => refuseComputed(view.inputs[2] ?? null, 'the class token'),
      () => refuseParts([sum(view)]),
    ),
  macs: () => 0,
  overlaps: () => [],
  rows: (view) => (view.input(0).shape[0] === 1 ? { kind: 'accumulate', growing: true } : null),
  calls(view) {
    const classToken = view.inputs[2] ?? null;
    return [
      {
        kernel: 'embed_tokens_s8',
        file: 'embed_tokens',
        uses: ['add'],
        paramsType: 'embed_tokens_s8_params',
        params: {
          in: { plane: view.input(0).id },
          class_token: classToken ? constant('class_token', classToken) : { array: null },
          positions: constant('positions', view.input(1)),
          add: { struct: partParams(sum(view)) },
        },
        form: 'accumulate',
        reads: [view.input(0).id],
        writes: [view.output(0).id],
        scratchBytes: 0,
      },
    ];
  },
};

function constant(role: string, tensor: Tensor): CValue {
  return { array: { role, values: typedArray(tensor.dtype, tensor.data!), weight: true } };
}

/** The addition, as if the image were tokens already. */
function sum(view: OpView): Part {
  const output = view.output(0);
  const tokens = { ...view.input(0), shape: output.shape };
  return part(
    'add',
    add,
    { activation: 'none' },
    [tokens, { ...view.input(1), shape: output.shape }],
    output,
  );
}
