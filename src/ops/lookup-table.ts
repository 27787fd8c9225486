/**
 * Functions of quantised numbers as tables, equal to TFLite's LUTPopulate (tensorflow/lite/kernels/internal/common.h):
 * every step in float32, halves rounded away from zero.
 */
import { roundAway } from './quantise.js';

export interface Scale {
  readonly scale: number;
  readonly zeroPoint: number;
}

const f = Math.fround;

/** `transform` takes and gives real numbers; its result is rounded to float32 here. 256 values, for -128 first. */
export function int8Table(input: Scale, output: Scale, transform: (x: number) => number): Int8Array {
  const inverse = f(1 / output.scale);
  return Int8Array.from({ length: 256 }, (_, index) => {
    const x = f(input.scale * (index - 128 - input.zeroPoint));
    const y = f(roundAway(f(f(transform(x)) * inverse)) + output.zeroPoint);
    return Math.max(-128, Math.min(127, y));
  });
}

/**
 * 513 values at every 128th int16, for linear interpolation; each is moved by half the error that the interpolation
 * would make in the middle.
 */
export function int16Table(input: Scale, output: Scale, transform: (x: number) => number): Int16Array {
  const low = f(input.scale * (-32768 - input.zeroPoint));
  const high = f(input.scale * (32767 - input.zeroPoint));
  const outLow = f(output.scale * (-32768 - output.zeroPoint));
  const outHigh = f(output.scale * (32767 - output.zeroPoint));
  const step = f(f(high - low) / 512);
  const inverse = f(65536 / f(outHigh - outLow));
  const scaled = (x: number) => f(f(transform(x)) * inverse);
  const clamp = (y: number) => Math.max(-32768, Math.min(32767, y));
  return Int16Array.from({ length: 513 }, (_, index) => {
    if (index === 512) return clamp(roundAway(scaled(high)));
    const at = f(low + f(index * step));
    const sample = roundAway(scaled(at));
    const interpolated = roundAway(f(f(scaled(f(low + f((index + 1) * step))) + sample) / 2));
    const middle = roundAway(scaled(f(at + f(step / 2))));
    return clamp(sample - roundAway(f((interpolated - middle) / 2)));
  });
}
