/** What conv2d, depthwise_conv2d and transpose_conv share: types, clamps and requantisation of their parameters. */
import { ReflowError } from '../base/error.js';
import type { Tensor } from '../ir/tensor.js';
import { typedArray } from '../ir/tensor.js';
import type { Axis, WindowAttrs } from './geometry.js';
import type { CStruct, CValue, OpView, Refusal } from './op-def.js';
import {
  type Activation,
  activationBounds,
  activationRange,
  isClamp,
  isQuantised,
  perTensor,
  quantiseMultiplier,
  quantOf,
  requireWideShifts,
} from './quantise.js';
import { firstRefusal, refuseComputed, refuseDtype, refuseMixedTypes } from './refusal.js';

/** Suffix of the kernel for an element type: activations int8, int16 (with int8 weights) or float32. */
export function kernelSuffix(tensor: Tensor): 's8' | 's16' | 'f32' {
  return tensor.dtype === 'float32' ? 'f32' : tensor.dtype === 'int16' ? 's16' : 's8';
}

/** Refuses what no convolution-like kernel can do: types, computed weights, odd quantisation. */
export function refuseConvolution(
  view: OpView,
  activation: Activation,
  weights: Tensor,
  bias: Tensor | null,
  channelAxis: number,
): Refusal | null {
  const input = view.input(0);
  const isFloat = input.dtype === 'float32';
  return firstRefusal(
    () => refuseDtype(input, ['int8', 'int16', 'float32'], 'the input'),
    () => refuseMixedTypes(view, view.output(0)),
    () => refuseDtype(weights, [isFloat ? 'float32' : 'int8'], 'the weights'),
    () => refuseComputed(weights, 'the weights'),
    () => refuseComputed(bias, 'the bias'),
    () =>
      bias === null
        ? null
        : refuseDtype(
            bias,
            isFloat ? ['float32'] : input.dtype === 'int16' ? ['int64', 'int32'] : ['int32'],
            'the bias',
          ),
    () =>
      isClamp(activation)
        ? null
        : {
            reason: `the fused activation ${activation} is not supported`,
            hint: 'use a separate activation layer',
          },
    () => (isFloat ? null : refuseQuantisation(input, view.output(0), weights, channelAxis)),
  );
}

function refuseQuantisation(
  input: Tensor,
  output: Tensor,
  weights: Tensor,
  channelAxis: number,
): Refusal | null {
  const hint = 'quantise the network again with the current TensorFlow Lite converter';
  const plain = [input, output, weights].find((tensor) => !isQuantised(tensor));
  if (plain) return { reason: `tensor ${plain.id} (${plain.name}) has no scale`, hint };
  const quant = quantOf(weights);
  if (quant.axis !== null && quant.axis !== channelAxis)
    return { reason: `the weights are quantised along axis ${quant.axis}`, hint };
  if (input.dtype === 'int16' && (perTensor(input).zeroPoint !== 0 || perTensor(output).zeroPoint !== 0)) {
    return { reason: 'int16 activations have a zero point that is not 0', hint };
  }
  return null;
}

/** Real multipliers input scale * weight scale / output scale, one per channel, as TFLM computes them in double. */
export function channelMultipliers(
  input: Tensor,
  weights: Tensor,
  output: Tensor,
  channels: number,
): { multipliers: Int32Array; shifts: Int32Array } {
  const inputScale = perTensor(input).scale;
  const outputScale = perTensor(output).scale;
  const scales = quantOf(weights).scales;
  const quantised = Array.from({ length: channels }, (_, channel) =>
    quantiseMultiplier((inputScale * (scales.length === 1 ? scales[0]! : scales[channel]!)) / outputScale),
  );
  return {
    multipliers: Int32Array.from(quantised, (q) => q.multiplier),
    shifts: Int32Array.from(quantised, (q) => q.shift),
  };
}

/** The parameters after the geometry: zero points, clamp, weights, bias, requantisation, in the C structs' order. */
export function convolutionParams(
  view: OpView,
  activation: Activation,
  weights: Tensor,
  bias: Tensor | null,
  channels: number,
): CStruct {
  const input = view.input(0);
  const output = view.output(0);
  const constant = (role: string, tensor: Tensor): CValue => ({
    array: { role, values: typedArray(tensor.dtype, tensor.data!), weight: true },
  });
  if (input.dtype === 'float32') {
    const [low, high] = activationBounds(activation);
    return {
      act_min: { float: low },
      act_max: { float: high },
      weights: constant('weights', weights),
      bias: bias ? constant('bias', bias) : { array: null },
    };
  }
  const { min, max } = activationRange(activation, output);
  const { multipliers, shifts } = channelMultipliers(input, weights, output, channels);
  if (input.dtype === 'int16' && bias?.dtype !== 'int32') requireWideShifts(shifts);
  const zeroPoints: CStruct =
    input.dtype === 'int16'
      ? {}
      : { in_zero: perTensor(input).zeroPoint, out_zero: perTensor(output).zeroPoint };
  return {
    ...zeroPoints,
    act_min: min,
    act_max: max,
    weights: constant('weights', weights),
    bias: {
      array: bias && { role: 'bias', values: biasValues(bias, input.dtype === 'int16'), weight: true },
    },
    multipliers: { array: { role: 'multipliers', values: multipliers, weight: false } },
    shifts: { array: { role: 'shifts', values: shifts, weight: false } },
  };
}

/**
 * With 32-bit biases TFLM's 16x8 conv2d and fully_connected accumulate and requantise in 32 bits. (Its depthwise kernel reads
 * such biases as 64-bit ones, a mistake that is not ours.)
 */
export function narrowField(input: Tensor, bias: Tensor | null): CStruct {
  return input.dtype === 'int16' ? { narrow: bias?.dtype === 'int32' ? 1 : 0 } : {};
}

/** With products of 16 bits beside it, the accumulator stays within the 48 bits that the kernels scale. */
const largestBias = 2n ** 46n;

function biasValues(bias: Tensor, wide: boolean): Int32Array | BigInt64Array {
  const values = typedArray(bias.dtype, bias.data!);
  if (!wide) return values as Int32Array;
  if (
    values instanceof BigInt64Array &&
    values.some((value) => value > largestBias || value < -largestBias)
  ) {
    throw new ReflowError(
      'E_GRAPH',
      `the bias of tensor ${bias.id} (${bias.name}) is beyond 2^46`,
      'quantise the network again',
    );
  }
  return values instanceof BigInt64Array ? values : BigInt64Array.from(values as Int32Array, BigInt);
}

/** `rf_window`. */
export function windowStruct(
  kernelH: number,
  kernelW: number,
  attrs: WindowAttrs,
  axes: { h: Axis; w: Axis },
): CValue {
  return {
    struct: {
      kernel_h: kernelH,
      kernel_w: kernelW,
      stride_h: attrs.strideH,
      stride_w: attrs.strideW,
      dilation_h: attrs.dilationH,
      dilation_w: attrs.dilationW,
      pad_top: axes.h.padBefore,
      pad_left: axes.w.padBefore,
    },
  };
}
