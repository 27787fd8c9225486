/** LOGISTIC and TANH. TFLite fixes the scale of their quantised outputs. */
import { ReflowError } from '../base/error.js';
import type { Tensor } from '../ir/tensor.js';
import type { OpDef, Refusal } from './op-def.js';
import { perTensor, quantiseMultiplier } from './quantise.js';
import { firstRefusal, refuseQuantisation } from './refusal.js';
import { type NoAttrs, noParams, plainBinding, type UnaryCall, unaryOp } from './unary.js';

/** Integer bits of the scaled int8 input. */
const inputBits = 4;

// int16 inputs whose scale is 2^-12 are shifted rather than multiplied; TANH takes 2^-11 too.
export const logistic = sigmoid('logistic', 14, { scale: 1 / 256, zeroPoint: -128 }, [0]);
export const tanh = sigmoid('tanh', 28, { scale: 1 / 128, zeroPoint: 0 }, [0, 1]);

function sigmoid(
  kind: string,
  builtin: number,
  int8Output: { scale: number; zeroPoint: number },
  exactShifts: readonly number[],
): OpDef<NoAttrs> {
  return unaryOp({
    kind,
    file: 'sigmoid',
    tflite: [plainBinding(builtin, kind.toUpperCase())],
    dtypes: ['int8', 'int16', 'float32'],
    refuseQuantisation: (view) =>
      firstRefusal(
        () => refuseQuantisation(view.input(0), view.output(0)),
        () => refuseOutputScale(view.output(0), int8Output),
      ),
    call(view): UnaryCall {
      const input = view.input(0);
      if (input.dtype === 'float32') return noParams;
      return input.dtype === 'int16' ? int16Call(input, exactShifts) : int8Call(input);
    },
  });
}

function refuseOutputScale(output: Tensor, int8Output: { scale: number; zeroPoint: number }): Refusal | null {
  if (output.dtype === 'float32') return null;
  const wanted = output.dtype === 'int16' ? { scale: 1 / 32768, zeroPoint: 0 } : int8Output;
  const { scale, zeroPoint } = perTensor(output);
  if (Math.abs(Math.log2(scale / wanted.scale)) < 1e-3 && zeroPoint === wanted.zeroPoint) return null;
  return {
    reason: `the output has scale ${scale} and zero point ${zeroPoint}; TFLite fixes them to ${wanted.scale} and ${wanted.zeroPoint}`,
    hint: 'quantise the network again with the current TensorFlow Lite converter',
  };
}

/** TFLM's logistic_common.cc and tanh.cc, and CalculateInputRadius of quantization_util.cc. */
function int8Call(input: Tensor): UnaryCall {
  const { scale, zeroPoint } = perTensor(input);
  const { multiplier, shift } = quantiseMultiplier(scale * 2 ** (31 - inputBits));
  const radius = Math.floor(((2 ** inputBits - 1) * 2 ** (31 - inputBits)) / 2 ** shift);
  return { type: 'sigmoid_s8', fields: { in_zero: zeroPoint, radius, multiplier, shift } };
}

function int16Call(input: Tensor, exactShifts: readonly number[]): UnaryCall {
  const { scale } = perTensor(input);
  const exponent = Math.round(Math.log2(scale)) + 12;
  const isPower = Math.abs(Math.log2(scale) + 12 - exponent) < 1e-3;
  if (isPower && exactShifts.includes(exponent))
    return { type: 'sigmoid_s16', fields: { multiplier: 3 * 2 ** exponent, shift: 0 } };
  let multiplier = scale * 4096 * 3;
  let shift = 0;
  while (multiplier <= 32767 / 2 && shift <= 30) {
    multiplier *= 2;
    shift++;
  }
  if (multiplier >= 32768)
    throw new ReflowError(
      'E_GRAPH',
      `an input scale of ${scale} is too coarse`,
      'quantise the network again',
    );
  return { type: 'sigmoid_s16', fields: { multiplier: Math.trunc(multiplier), shift } };
}
