/** LEAKY_RELU with one slope for negative inputs, and PRELU with an operand of slopes that broadcasts to the input. */
import { type BinaryParams, binaryOp } from './binary.js';
import { perTensor, type QuantisedMultiplier, quantiseMultiplier, rescale, scaleRatio } from './quantise.js';
import { firstRefusal, refuseDtype, refuseMixedTypes, refuseQuantisation, refuseScale } from './refusal.js';
import { type UnaryCall, unaryOp } from './unary.js';

export type LeakyReluAttrs = { readonly alpha: number };

export const leakyRelu = unaryOp<LeakyReluAttrs>({
  kind: 'leaky_relu',
  file: 'leaky_relu',
  tflite: [{ builtin: 98, name: 'LEAKY_RELU', attrs: (options) => ({ alpha: options.float(0, 0) }) }],
  dtypes: ['int8', 'int16', 'float32'],
  call(view): UnaryCall {
    const { alpha } = view.attrs;
    if (view.output(0).dtype === 'float32')
      return { type: 'leaky_relu_f32', fields: { alpha: { float: alpha } } };
    const [input, output] = [view.input(0), view.output(0)];
    // In float32, operation by operation, as TFLM's leaky_relu_common.cc.
    const scaledAlpha = Math.fround(perTensor(input).scale * alpha);
    const slope = signedMultiplier(Math.fround(scaledAlpha / perTensor(output).scale));
    return {
      type: 'leaky_relu_int',
      fields: {
        ...rescale(input, output, Math.fround(scaleRatio(input, output))),
        alpha_multiplier: slope.multiplier,
        alpha_shift: slope.shift,
      },
    };
  },
});

export const prelu = binaryOp({
  kind: 'prelu',
  file: 'leaky_relu',
  tflite: [{ builtin: 54, name: 'PRELU', attrs: () => ({ activation: 'none' }) }],
  dtypes: ['int8', 'int16', 'float32'],
  refuseTypes: (view) =>
    firstRefusal(
      () => refuseMixedTypes(view, view.output(0)),
      () =>
        refuseDtype(view.input(1), [view.input(0).dtype === 'float32' ? 'float32' : 'int8'], 'the slopes'),
      () =>
        view.input(0).shape.join() === view.output(0).shape.join()
          ? null
          : {
              reason: `slopes of shape [${view.input(1).shape}] enlarge the input [${view.input(0).shape}]`,
              hint: 'share the slopes along the axes that the input has not',
            },
    ),
  refuseQuantisation: (view) =>
    refuseQuantisation(view.input(0), view.output(0)) ?? refuseScale(view.input(1)),
  params(view): BinaryParams {
    if (view.output(0).dtype === 'float32') return { type: 'binary_plain', fields: {} };
    const [input, alpha, output] = [view.input(0), view.input(1), view.output(0)];
    const slope = quantiseMultiplier(
      (perTensor(input).scale * perTensor(alpha).scale) / perTensor(output).scale,
    );
    return {
      type: 'prelu_int',
      fields: {
        ...rescale(input, output, scaleRatio(input, output)),
        alpha_zero: perTensor(alpha).zeroPoint,
        alpha_multiplier: slope.multiplier,
        alpha_shift: slope.shift,
      },
    };
  },
});

function signedMultiplier(real: number): QuantisedMultiplier {
  const { multiplier, shift } = quantiseMultiplier(Math.abs(real));
  return { multiplier: real < 0 ? -multiplier : multiplier, shift };
}
