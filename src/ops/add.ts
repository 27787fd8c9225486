/** ADD and SUB: element-wise with broadcast. Quantised: both operands are brought to twice the larger scale first. */
import { type BinaryAttrs, type BinaryParams, binaryBinding, binaryOp, clampParams } from './binary.js';
import { sumDsp } from './dsp/binary.js';
import { addMve } from './mve/add.js';
import type { OpDef, OpView, TfliteBinding } from './op-def.js';
import { activationRange, perTensor, quantiseMultiplier } from './quantise.js';

export const add = sumOp('add', binaryBinding(0, 'ADD'), (ratio) => ratio);
export const sub = sumOp('sub', binaryBinding(41, 'SUB'), Math.fround);

function sumOp(
  kind: 'add' | 'sub',
  binding: TfliteBinding<BinaryAttrs>,
  round: (ratio: number) => number,
): OpDef<BinaryAttrs> {
  const def = binaryOp({
    kind,
    file: 'add',
    tflite: [binding],
    dtypes: ['int8', 'int16', 'int32', 'float32'],
    params: (view) => clampParams(view) ?? sumParams(view, round),
    evaluate: kind === 'add' ? (a, b) => a + b : (a, b) => a - b,
  });
  return { ...def, fast: { dsp: (view) => sumDsp(def.calls(view)), ...(kind === 'add' && { mve: addMve }) } };
}

/**
 * TFLM computes the ratios in double for ADD (tensorflow/lite/micro/kernels/add_common.cc) and in float32 for SUB
 * (sub_common.cc).
 */
function sumParams(view: OpView<BinaryAttrs>, round: (ratio: number) => number): BinaryParams {
  const out = view.output(0);
  const [qa, qb, qo] = [perTensor(view.input(0)), perTensor(view.input(1)), perTensor(out)];
  const leftShift = out.dtype === 'int16' ? 15 : 20;
  const twiceMax = 2 * Math.max(qa.scale, qb.scale);
  const [ma, mb] = [qa, qb].map(({ scale }) => quantiseMultiplier(round(scale / twiceMax)));
  const mo = quantiseMultiplier(round(twiceMax / (2 ** leftShift * qo.scale)));
  const range = activationRange(view.attrs.activation, out);
  return {
    type: 'add_int',
    fields: {
      a_zero: qa.zeroPoint,
      b_zero: qb.zeroPoint,
      out_zero: qo.zeroPoint,
      left_shift: leftShift,
      a_multiplier: ma!.multiplier,
      a_shift: ma!.shift,
      b_multiplier: mb!.multiplier,
      b_shift: mb!.shift,
      out_multiplier: mo.multiplier,
      out_shift: mo.shift,
      act_min: range.min,
      act_max: range.max,
    },
  };
}
