/** ATTENTION_BLOCK on the DSP extension: rf_attention_block_s8_dsp. */
import { type AttentionBlockAttrs, attentionParts, attentionShape } from '../attention-block.js';
import { attentionWorkBytes } from '../block-memory.js';
import { partParams } from '../block-parts.js';
import { commonMultiplier } from '../fully-connected.js';
import type { KernelCall, OpView } from '../op-def.js';
import { softmaxExponentials } from './exponentials.js';
import { addFields, linearStruct, productStruct } from './linear.js';

/** Null: sizes that are no multiples of four, or numbers for which the fast arithmetic is not exact. */
export function attentionBlockDsp(view: OpView<AttentionBlockAttrs>): readonly KernelCall[] | null {
  const { tokens, dim, heads, width, headDim } = attentionShape(view);
  if (dim % 4 !== 0 || headDim % 4 !== 0) return null;
  const parts = attentionParts(view);
  const [query, key, value, project] = [parts.query, parts.key, parts.value, parts.project].map((part) =>
    linearStruct(part, commonMultiplier(part.view)),
  );
  const [scores, mix, add] = [
    productStruct(parts.scores, headDim),
    productStruct(parts.mix, tokens),
    addFields(parts.add),
  ];
  if (!query || !key || !value || !project || !scores || !mix || !add) return null;
  return [
    {
      kernel: 'attention_block_s8_dsp',
      file: 'transformer_dsp',
      uses: ['add_dsp', 'layer_norm_int'],
      paramsType: 'attention_block_s8_dsp_params',
      params: {
        ...{ tokens, dim, heads, head_dim: headDim },
        norm: { struct: partParams(parts.norm) },
        ...{ query, key, value, project, scores, mix },
        exponentials: {
          array: { role: 'exponentials', values: softmaxExponentials(parts.softmax.view), weight: false },
        },
        ...add,
      },
      form: 'whole',
      reads: [view.input(0).id],
      writes: [view.output(0).id],
      scratchBytes: attentionWorkBytes({ tokens, dim, width, headDim }),
    },
  ];
}
