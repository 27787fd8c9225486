/** DIV: element-wise quotient with broadcast. */
import { type BinaryParams, binaryBinding, binaryOp, clampParams } from './binary.js';
import { activationRange, perTensor, quantiseMultiplier } from './quantise.js';

export const div = binaryOp({
  kind: 'div',
  tflite: [binaryBinding(42, 'DIV')],
  dtypes: ['int8', 'int32', 'float32'],
  params(view): BinaryParams {
    const plain = clampParams(view);
    if (plain) return plain;
    const out = view.output(0);
    const [qa, qb, qo] = [perTensor(view.input(0)), perTensor(view.input(1)), perTensor(out)];
    // In float32, operation by operation, as TFLM's div.cc.
    const ratio = Math.fround(qa.scale / Math.fround(qb.scale * qo.scale));
    const { multiplier, shift } = quantiseMultiplier(ratio);
    const range = activationRange(view.attrs.activation, out);
    return {
      type: 'div_s8',
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
});
