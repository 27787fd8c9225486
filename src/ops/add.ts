/** ADD: element-wise sum with broadcast. Quantised: both operands are brought to twice the larger scale, then summed. */
import { type BinaryAttrs, binaryBinding, binaryOp } from './binary.js';
import type { CStruct, OpDef } from './op-def.js';
import { activationBounds, activationRange, perTensor, quantiseMultiplier } from './quantise.js';

export const add: OpDef<BinaryAttrs> = binaryOp({
  kind: 'add',
  tflite: [binaryBinding(0, 'ADD')],
  dtypes: ['int8', 'int16', 'float32'],
  params(view): { type: string; fields: CStruct } {
    const [a, b, out] = [view.input(0), view.input(1), view.output(0)];
    if (out.dtype === 'float32') {
      const [low, high] = activationBounds(view.attrs.activation);
      return { type: 'add_f32', fields: { act_min: { float: low }, act_max: { float: high } } };
    }
    const [qa, qb, qo] = [perTensor(a), perTensor(b), perTensor(out)];
    const leftShift = out.dtype === 'int16' ? 15 : 20;
    // TFLM computes these in double from float32 scales (tensorflow/lite/micro/kernels/add_common.cc).
    const twiceMax = 2 * Math.max(qa.scale, qb.scale);
    const [ma, mb] = [quantiseMultiplier(qa.scale / twiceMax), quantiseMultiplier(qb.scale / twiceMax)];
    const mo = quantiseMultiplier(twiceMax / (2 ** leftShift * qo.scale));
    const range = activationRange(view.attrs.activation, out);
    return {
      type: 'add_int',
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
        act_min: range.min,
        act_max: range.max,
      },
    };
  },
});
