/**
 * The quantisation arithmetic that happens at compile time, equal to TensorFlow Lite's (tensorflow/lite/kernels/
 * kernel_util.cc and internal/quantization_util.cc): float32 where it uses float, double where it uses double.
 */
import { ReflowError } from '../base/error.js';
import type { Quant, Tensor } from '../ir/tensor.js';

/** A real multiplier as q * 2^(shift - 31), q a positive int32 with bit 30 set (or zero). */
export interface QuantisedMultiplier {
  readonly multiplier: number;
  readonly shift: number;
}

/** Splits x into m * 2^e with m in [0.5, 1), as C's frexp does; x is finite. */
export function frexp(x: number): [mantissa: number, exponent: number] {
  if (x === 0) return [0, 0];
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1);
  let mantissa = x * 2 ** -exponent;
  while (Math.abs(mantissa) < 0.5) {
    mantissa *= 2;
    exponent--;
  }
  while (Math.abs(mantissa) >= 1) {
    mantissa /= 2;
    exponent++;
  }
  return [mantissa, exponent];
}

/** Round half away from zero, C's round(). */
export function roundAway(x: number): number {
  return x < 0 ? -Math.round(-x) : Math.round(x);
}

/** TFLite's QuantizeMultiplier. `real` must be finite and not negative. */
export function quantiseMultiplier(real: number): QuantisedMultiplier {
  if (!(real >= 0) || !Number.isFinite(real)) {
    throw new ReflowError('E_GRAPH', `a scale ratio of ${real} is not usable`, 'quantise the network again');
  }
  const [mantissa, exponent] = frexp(real);
  let multiplier = roundAway(mantissa * 2 ** 31);
  let shift = exponent;
  if (multiplier === 2 ** 31) {
    multiplier /= 2;
    shift++;
  }
  if (shift < -31) return { multiplier: 0, shift: 0 };
  if (shift > 30) {
    throw new ReflowError('E_GRAPH', `a scale ratio of ${real} is beyond 2^30`, 'quantise the network again');
  }
  return { multiplier, shift };
}

/** Accumulators of 48 bits are scaled by ratios below 2^7 only; throws ReflowError E_GRAPH for a larger one. */
export function requireWideShifts(shifts: Iterable<number>): void {
  for (const shift of shifts) {
    if (shift < 8) continue;
    throw new ReflowError(
      'E_GRAPH',
      `a scale ratio beyond 2^${shift - 1} is too large for int16`,
      'quantise the network again',
    );
  }
}

/** The quantisation of a tensor that must have one scale and zero point. */
export function perTensor(tensor: Tensor): { scale: number; zeroPoint: number } {
  const { scales, zeroPoints } = quantOf(tensor);
  if (scales.length !== 1) {
    throw new ReflowError(
      'E_GRAPH',
      `tensor ${tensor.id} (${tensor.name}) has ${scales.length} scales where one is needed`,
      'quantise activations per tensor',
    );
  }
  return { scale: scales[0]!, zeroPoint: zeroPoints[0]! };
}

/** Zero points and requantisation from one tensor to another by a real ratio, as the kernels' structs name them. */
export function rescale(
  input: Tensor,
  output: Tensor,
  ratio: number,
): { in_zero: number; out_zero: number; multiplier: number; shift: number } {
  return {
    in_zero: perTensor(input).zeroPoint,
    out_zero: perTensor(output).zeroPoint,
    ...quantiseMultiplier(ratio),
  };
}

/** Input scale / output scale. */
export function scaleRatio(input: Tensor, output: Tensor): number {
  return perTensor(input).scale / perTensor(output).scale;
}

/** The quantisation of a tensor that must have one. */
export function quantOf(tensor: Tensor): Quant {
  if (tensor.quant === null) {
    throw new ReflowError(
      'E_GRAPH',
      `tensor ${tensor.id} (${tensor.name}) is ${tensor.dtype} without a scale`,
      'quantise the network again, or keep it float32',
    );
  }
  return tensor.quant;
}

/** Whether a tensor's values are quantised (rather than plain integers). */
export function isQuantised(tensor: Tensor): boolean {
  return (
    tensor.quant !== null && (tensor.dtype === 'int8' || tensor.dtype === 'uint8' || tensor.dtype === 'int16')
  );
}

export type Activation = 'none' | 'relu' | 'relu_n1_to_1' | 'relu6' | 'tanh' | 'sign_bit';

/** TFLite's ActivationFunctionType by number. */
export function activationOf(code: number): Activation {
  const names: readonly Activation[] = ['none', 'relu', 'relu_n1_to_1', 'relu6', 'tanh', 'sign_bit'];
  return names[code] ?? 'sign_bit';
}

/** Whether kernels can clamp for this activation; `tanh` and `sign_bit` are never written by TFLite's converter. */
export function isClamp(activation: Activation): boolean {
  return activation !== 'tanh' && activation !== 'sign_bit';
}

const integerRange: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  int32: [-2147483648, 2147483647],
};

/** Smallest and largest value of an integer type. */
export function rangeOf(dtype: string): readonly [min: number, max: number] {
  const range = integerRange[dtype];
  if (!range) throw new RangeError(`${dtype} has no integer range`);
  return range;
}

/** Clamp of a quantised output for a fused activation: TFLite's CalculateActivationRangeQuantized. */
export function activationRange(activation: Activation, output: Tensor): { min: number; max: number } {
  return quantisedRange(activationBounds(activation), output);
}

/** Real bounds as quantised ones, inside the output's type; infinite ones become the type's. */
export function quantisedRange(
  [low, high]: readonly [low: number, high: number],
  output: Tensor,
): { min: number; max: number } {
  const [min, max] = rangeOf(output.dtype);
  if (low === -Infinity && high === Infinity) return { min, max };
  const { scale, zeroPoint } = perTensor(output);
  const quantise = (value: number) => zeroPoint + roundAway(Math.fround(value / scale));
  return {
    min: low === -Infinity ? min : Math.max(min, quantise(low)),
    max: high === Infinity ? max : Math.min(max, quantise(high)),
  };
}

/** Clamp of a float output for a fused activation. */
export function activationBounds(activation: Activation): readonly [low: number, high: number] {
  switch (activation) {
    case 'relu':
      return [0, Infinity];
    case 'relu6':
      return [0, 6];
    case 'relu_n1_to_1':
      return [-1, 1];
    default:
      return [-Infinity, Infinity];
  }
}
