/** SOFTMAX over the last dimension. */
import { elementCount } from '../ir/tensor.js';
import type { OpDef, OpView } from './op-def.js';
import { pointwiseRows } from './pointwise.js';
import { perTensor, quantiseMultiplier } from './quantise.js';
import { firstRefusal, refuseDtype } from './refusal.js';

export type SoftmaxAttrs = { readonly beta: number };

/** Integer bits of the scaled differences, of TFLite's reference softmax. */
const differenceBits = 5;

export const softmax: OpDef<SoftmaxAttrs> = {
  kind: 'softmax',
  tflite: [{ builtin: 25, name: 'SOFTMAX', attrs: (options) => ({ beta: options.float(0, 0) }) }],
  infer: (view) => [{ dtype: view.output(0).dtype, shape: view.input(0).shape }],
  refuse: (view) =>
    firstRefusal(
      () => refuseDtype(view.input(0), ['int8', 'float32'], 'the input'),
      () =>
        refuseDtype(
          view.output(0),
          view.input(0).dtype === 'int8' ? ['int8', 'int16'] : ['float32'],
          'the output',
        ),
    ),
  macs: () => 0,
  overlaps: (view) => (view.input(0).dtype === 'float32' ? [{ input: 0, output: 0, leadBytes: 0 }] : []),
  rows: pointwiseRows,
  calls(view) {
    const [input, output] = [view.input(0), view.output(0)];
    const depth = input.shape.at(-1) ?? 1;
    const rows = elementCount(input.shape) / depth;
    const isFloat = input.dtype === 'float32';
    return [
      {
        kernel: isFloat ? 'softmax_f32' : output.dtype === 'int16' ? 'softmax_s8_s16' : 'softmax_s8',
        file: 'softmax',
        paramsType: isFloat ? 'softmax_f32_params' : 'softmax_s8_params',
        params: { rows, depth, ...(isFloat ? { beta: { float: view.attrs.beta } } : scaling(view)) },
        form: 'whole',
        reads: [input.id],
        writes: [output.id],
        scratchBytes: 0,
      },
    ];
  },
};

/** TFLite's PreprocessSoftmaxScaling and CalculateInputRadius (tensorflow/lite/kernels/internal/quantization_util.cc). */
function scaling(view: OpView<SoftmaxAttrs>): { multiplier: number; left_shift: number; diff_min: number } {
  const real = Math.min(
    view.attrs.beta * perTensor(view.input(0)).scale * 2 ** (31 - differenceBits),
    2 ** 31 - 1,
  );
  const { multiplier, shift } = quantiseMultiplier(real);
  const radius = ((2 ** differenceBits - 1) * 2 ** (31 - differenceBits)) / 2 ** shift;
  return { multiplier, left_shift: shift, diff_min: -Math.floor(radius) };
}
