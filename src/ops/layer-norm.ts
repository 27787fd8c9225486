/** LAYER_NORM: the last dimension to mean 0 and variance 1, then a scale and a bias. Inputs: x, scale, bias. */
import { elementCount, type Tensor, typedArray } from '../ir/tensor.js';
import type { CValue, OpDef } from './op-def.js';
import { pointwiseRows } from './pointwise.js';
import { firstRefusal, refuseComputed, refuseDtype, refuseMixedTypes } from './refusal.js';

export type LayerNormAttrs = { readonly epsilon: number };

export const layerNorm: OpDef<LayerNormAttrs> = {
  kind: 'layer_norm',
  tflite: [],
  infer: (view) => [{ dtype: view.input(0).dtype, shape: view.input(0).shape }],
  refuse: (view) =>
    firstRefusal(
      () => refuseDtype(view.input(0), ['float32'], 'the input'),
      () => refuseMixedTypes(view, view.input(1), view.input(2), view.output(0)),
      () => refuseComputed(view.input(1), 'the scale'),
      () => refuseComputed(view.input(2), 'the bias'),
      () => {
        const depth = view.input(0).shape.at(-1) ?? 1;
        const odd = [view.input(1), view.input(2)].find((tensor) => elementCount(tensor.shape) !== depth);
        return odd
          ? { reason: `[${odd.shape}] does not fit rows of ${depth}`, hint: 'export the network again' }
          : null;
      },
    ),
  macs: () => 0,
  overlaps: () => [{ input: 0, output: 0, leadBytes: 0 }],
  rows: pointwiseRows,
  calls(view) {
    const [input, output] = [view.input(0), view.output(0)];
    const depth = input.shape.at(-1) ?? 1;
    return [
      {
        kernel: 'layer_norm_f32',
        file: 'layer_norm',
        paramsType: 'layer_norm_f32_params',
        params: {
          rows: elementCount(input.shape) / depth,
          depth,
          epsilon: { float: view.attrs.epsilon },
          scale: weights('scale', view.input(1)),
          bias: weights('bias', view.input(2)),
        },
        form: 'whole',
        reads: [input.id],
        writes: [output.id],
        scratchBytes: 0,
      },
    ];
  },
};

function weights(role: string, { dtype, data }: Tensor): CValue {
  return { array: { role, values: typedArray(dtype, data!), weight: true } };
}
