/** HARD_SWISH: x * clamp(x + 3, 0, 6) / 6. */
import { ReflowError } from '../base/error.js';
import { perTensor, quantiseMultiplier } from './quantise.js';
import { noParams, plainBinding, type UnaryCall, unaryOp } from './unary.js';

export const hardSwish = unaryOp({
  kind: 'hard_swish',
  file: 'hard_swish',
  tflite: [plainBinding(117, 'HARD_SWISH')],
  dtypes: ['int8', 'float32'],
  // tensorflow/lite/micro/kernels/hard_swish_common.cc; ratios in float32.
  call(view): UnaryCall {
    if (view.input(0).dtype === 'float32') return noParams;
    const [qi, qo] = [perTensor(view.input(0)), perTensor(view.output(0))];
    const fineScale = qi.scale / 128;
    const out = quantiseMultiplier(Math.fround(fineScale / qo.scale));
    const gate = quantiseMultiplier(Math.fround(fineScale / (3 / 32768)));
    if (out.shift > 0 || out.shift < -15 || gate.shift < -15) {
      throw new ReflowError(
        'E_GRAPH',
        `scales ${qi.scale} and ${qo.scale} are too far apart for 16-bit arithmetic`,
        'quantise the network again',
      );
    }
    return {
      type: 'hard_swish_s8',
      fields: {
        in_zero: qi.zeroPoint,
        out_zero: qo.zeroPoint,
        out_multiplier: to16Bits(out.multiplier),
        out_shift: out.shift,
        gate_multiplier: to16Bits(gate.multiplier),
        gate_shift: gate.shift,
      },
    };
  },
});

/** A 32-bit multiplier rounded to 16 bits, saturating: TFLite's DownScaleInt32ToInt16Multiplier. */
function to16Bits(multiplier: number): number {
  return Math.min(32767, Math.floor((multiplier + 32768) / 65536));
}
