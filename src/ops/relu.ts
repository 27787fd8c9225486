/** RELU, RELU6, RELU_N1_TO_1, RELU_0_TO_1: clamps that may change the scale. */
import type { OpDef } from './op-def.js';
import { quantisedRange, rescale, scaleRatio } from './quantise.js';
import { suffixOf } from './suffix.js';
import { type NoAttrs, plainBinding, type UnaryCall, unaryOp } from './unary.js';

// TFLM divides the scales in double for RELU (activations_common.cc); the others, which it has not or has without the
// change of scale, follow TensorFlow (activations.cc), which divides in float32.
export const relu = rectifier('relu', 19, [0, Infinity], (ratio) => ratio);
export const relu6 = rectifier('relu6', 21, [0, 6], Math.fround);
export const reluN1To1 = rectifier('relu_n1_to_1', 20, [-1, 1], Math.fround);
export const relu0To1 = rectifier('relu_0_to_1', 152, [0, 1], Math.fround);

function rectifier(
  kind: string,
  builtin: number,
  bounds: readonly [low: number, high: number],
  round: (ratio: number) => number,
): OpDef<NoAttrs> {
  return unaryOp({
    kind,
    file: 'relu',
    tflite: [plainBinding(builtin, kind.toUpperCase())],
    dtypes: ['int8', 'int16', 'float32'],
    call(view): UnaryCall {
      const output = view.output(0);
      if (output.dtype === 'float32') {
        const [low, high] = bounds;
        return {
          kernel: 'relu_f32',
          type: 'relu_f32',
          fields: { act_min: { float: low }, act_max: { float: high } },
        };
      }
      const input = view.input(0);
      const { min, max } = quantisedRange(bounds, output);
      return {
        kernel: `relu_${suffixOf(output.dtype)}`,
        type: 'relu_int',
        fields: { ...rescale(input, output, round(scaleRatio(input, output))), act_min: min, act_max: max },
      };
    },
  });
}
