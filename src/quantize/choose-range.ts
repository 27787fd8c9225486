/** The range of real numbers that an int8 tensor is to hold, from what calibration has seen. */
import type { Quant } from '../ir/tensor.js';
import type { ValueHistogram } from './value-histogram.js';

export const calibrations = ['min-max', 'percentile', 'mse', 'entropy'] as const;
export type Calibration = (typeof calibrations)[number];

/** Share of values that `percentile` leaves outside, half of it at each end. */
const outside = 1e-4;

/** Shares of each end that `mse` and `entropy` try. */
const shares = Array.from({ length: 40 }, (_, i) => 1 - 0.02 * i);

/**
 * The range [low, high], zero inside.
 * - `min-max`: all that was seen
 * - `percentile`: without the outermost 0.005 % at each end
 * - `mse`: the shares of the ends of min-max with the least mean square error of rounding and clipping
 * - `entropy`: the shares with the least Kullback-Leibler divergence between the histogram and its 256 steps
 */
export function chooseRange(seen: ValueHistogram, by: Calibration): readonly [low: number, high: number] {
  const whole = [Math.min(0, seen.min), Math.max(0, seen.max)] as const;
  switch (by) {
    case 'min-max':
      return whole;
    case 'percentile':
      return [Math.min(0, quantile(seen, outside / 2)), Math.max(0, quantile(seen, 1 - outside / 2))];
    case 'mse':
      return best(whole, (low, high) => squareError(seen, low, high));
    case 'entropy':
      return best(whole, (low, high) => divergence(seen, low, high));
  }
}

/** Asymmetric int8 over a range; the scale is a float32, zero is exact. */
export function int8Quant([low, high]: readonly [number, number]): Quant {
  const scale = Math.fround(Math.max(high - low, 1e-6) / 255);
  const zero = Math.round(-128 - low / scale);
  return { scales: [scale], zeroPoints: [Math.max(-128, Math.min(127, zero))], axis: null };
}

function quantile(seen: ValueHistogram, share: number): number {
  const wanted = share * seen.counts.reduce((sum, count) => sum + count, 0);
  let passed = 0;
  const bin = seen.counts.findIndex((count) => {
    passed += count;
    return passed >= wanted;
  });
  return Math.max(seen.min, Math.min(seen.max, seen.centre(bin)));
}

/** Shrinks the upper end to its best share, then the lower one. */
function best(
  [low, high]: readonly [number, number],
  cost: (low: number, high: number) => number,
): readonly [number, number] {
  const upper = leastShare((share) => cost(low, high * share)) * high;
  return [leastShare((share) => cost(low * share, upper)) * low, upper];
}

function leastShare(cost: (share: number) => number): number {
  let [least, chosen] = [Infinity, 1];
  for (const share of shares) {
    const costs = cost(share);
    if (costs < least) [least, chosen] = [costs, share];
  }
  return chosen;
}

function squareError(seen: ValueHistogram, low: number, high: number): number {
  const rounding = (high - low) ** 2 / 255 ** 2 / 12;
  let sum = 0;
  seen.counts.forEach((count, bin) => {
    if (count === 0) return;
    const x = seen.centre(bin);
    const beyond = x < low ? low - x : x > high ? x - high : 0;
    sum += count * (beyond > 0 ? beyond ** 2 : rounding);
  });
  return sum;
}

/** Each step spreads its count evenly over its bins that were seen; what is clipped falls into the outermost steps. */
function divergence(seen: ValueHistogram, low: number, high: number): number {
  const [mass, filled] = [new Float64Array(256), new Float64Array(256)];
  const steps = new Map<number, number>();
  const step = Math.max(high - low, 1e-12) / 255;
  seen.counts.forEach((count, bin) => {
    if (count === 0) return;
    const x = seen.centre(bin);
    const at = Math.max(0, Math.min(255, Math.round((x - low) / step)));
    mass[at]! += count;
    if (x >= low && x <= high) filled[at]!++;
    steps.set(bin, at);
  });
  const total = mass.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  for (const [bin, at] of steps) {
    const p = seen.counts[bin]! / total;
    const x = seen.centre(bin);
    const q = x < low || x > high ? 1e-9 : mass[at]! / total / Math.max(1, filled[at]!);
    sum += p * Math.log(p / q);
  }
  return sum;
}
