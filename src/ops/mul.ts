/** MUL: element-wise product with broadcast. */
import { type BinaryParams, binaryBinding, binaryOp, clampParams } from './binary.js';
import { mulDsp } from './dsp/binary.js';
import { activationRange, perTensor, quantiseMultiplier } from './quantise.js';

const reference = binaryOp({
  kind: 'mul',
  tflite: [binaryBinding(18, 'MUL')],
  dtypes: ['int8', 'int16', 'int32', 'float32'],
  params(view): BinaryParams {
    const plain = clampParams(view);
    if (plain) return plain;
    const out = view.output(0);
    const [qa, qb, qo] = [perTensor(view.input(0)), perTensor(view.input(1)), perTensor(out)];
    const { multiplier, shift } = quantiseMultiplier((qa.scale * qb.scale) / qo.scale);
    const range = activationRange(view.attrs.activation, out);
    return {
      type: 'mul_int',
      fields: {
        a_zero: qa.zeroPoint,
        b_zero: qb.zeroPoint,
        out_zero: qo.zeroPoint,
        multiplier,
        shift,
        act_min: range.min,
        act_max: range.max,
      },
    };
  },
  evaluate: (a, b) => a * b,
});

export const mul: typeof reference = {
  ...reference,
  fast: { dsp: (view) => mulDsp(reference.calls(view)) },
};
