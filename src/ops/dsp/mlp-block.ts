/** MLP_BLOCK on the DSP extension: rf_mlp_block_s8_dsp. */
import { mlpWorkBytes } from '../block-memory.js';
import { partParams } from '../block-parts.js';
import { commonMultiplier } from '../fully-connected.js';
import { type MlpBlockAttrs, mlpParts, mlpShape } from '../mlp-block.js';
import type { KernelCall, OpView } from '../op-def.js';
import { addFields, linearStruct } from './linear.js';

/** Null: sizes that are no multiples of four, or numbers for which the fast arithmetic is not exact. */
export function mlpBlockDsp(view: OpView<MlpBlockAttrs>): readonly KernelCall[] | null {
  const sizes = mlpShape(view);
  if (sizes.dim % 4 !== 0) return null;
  const parts = mlpParts(view);
  const [expand, contract] = [parts.expand, parts.contract].map((part) =>
    linearStruct(part, commonMultiplier(part.view)),
  );
  const add = addFields(parts.sum);
  if (!expand || !contract || !add) return null;
  const { tile } = view.attrs;
  return [
    {
      kernel: 'mlp_block_s8_dsp',
      file: 'transformer_dsp',
      uses: ['add_dsp', 'layer_norm_int'],
      paramsType: 'mlp_block_s8_dsp_params',
      params: {
        ...sizes,
        tile,
        norm: { struct: partParams(parts.norm) },
        ...{ expand, contract },
        activation: partParams(parts.activation).table!,
        ...add,
      },
      form: 'whole',
      reads: [view.input(0).id],
      writes: [view.output(0).id],
      scratchBytes: mlpWorkBytes(sizes, tile),
    },
  ];
}
