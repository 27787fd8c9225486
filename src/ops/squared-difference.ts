/** SQUARED_DIFFERENCE: (a - b) squared, with broadcast. */
import { type BinaryParams, binaryBinding, binaryOp } from './binary.js';
import { perTensor, quantiseMultiplier } from './quantise.js';

export const squaredDifference = binaryOp({
  kind: 'squared_difference',
  tflite: [binaryBinding(99, 'SQUARED_DIFFERENCE')],
  dtypes: ['int8', 'int16', 'int32', 'float32'],
  // tensorflow/lite/micro/kernels/squared_difference.cc; double throughout.
  params(view): BinaryParams {
    const out = view.output(0);
    if (out.dtype === 'float32' || out.dtype === 'int32') return { type: 'binary_plain', fields: {} };
    const [qa, qb, qo] = [perTensor(view.input(0)), perTensor(view.input(1)), perTensor(out)];
    const leftShift = out.dtype === 'int16' ? 0 : 7;
    const twiceMax = 2 * Math.max(qa.scale, qb.scale);
    const [ma, mb] = [quantiseMultiplier(qa.scale / twiceMax), quantiseMultiplier(qb.scale / twiceMax)];
    const mo = quantiseMultiplier((twiceMax * twiceMax) / (2 ** (2 * leftShift) * qo.scale));
    return {
      type: 'squared_difference_int',
      fields: {
        a_zero: qa.zeroPoint,
        b_zero: qb.zeroPoint,
        out_zero: qo.zeroPoint,
        left_shift: leftShift,
        a_multiplier: ma.multiplier,
        a_shift: ma.shift,
        b_multiplier: mb.multiplier,
        b_shift: mb.shift,
        out_multiplier: mo.multiplier,
        out_shift: mo.shift,
      },
    };
  },
});
