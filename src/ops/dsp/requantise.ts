/**
 * Requantisation constants of the `dsp` kernels: what rf_scale computes, in two or three instructions. The derivation is at
 * the head of runtime-c/rf_dsp_scale.h.
 */
import type { Tensor } from '../../ir/tensor.js';
import { channelMultipliers } from '../convolution.js';
import { type Activation, activationRange, perTensor } from '../quantise.js';

/** One output channel before requantisation: the sum of products starts at `bias`, which includes the input's zero point. */
export interface Channel {
  readonly bias: number;
  /** Smallest and largest sum, whatever the inputs. */
  readonly low: number;
  readonly high: number;
  readonly multiplier: number;
  /** To the right, as in rf_scale: 0 or less. */
  readonly shift: number;
}

export interface Scaling {
  readonly multiplier: number;
  readonly add: number;
  readonly shift: number;
  /** What the sum starts at. */
  readonly bias: number;
}

/**
 * Whether negative results are clamped to the output's zero point or above: then ties need no look at the sign, and both
 * roundings become one.
 */
export function roundsDown(activation: Activation, output: Tensor): boolean {
  return activationRange(activation, output).min >= perTensor(output).zeroPoint;
}

/**
 * The constants of a channel, or null when the fast sequence is not exact for it: it scales by a half or more, or its sums
 * leave `sumBits` bits. A channel whose result is always the same gets that as its zero point and a multiplier of 0. One that
 * scales so far down that its addend would leave 32 bits gets a shorter multiplier, and one with a large bias has it moved
 * into the addend, if that is provably equal.
 */
export function scalingOf(channel: Channel, zero: number, down: boolean, sumBits: number): Scaling | null {
  const { multiplier, shift, low, high, bias } = channel;
  const exact = (x: number) => requantised(x, multiplier, -shift, zero, down);
  if (multiplier === 0) return constants(0, 1, zero, down, 0);
  if (shift > -1) return null;
  if (exact(low) === exact(high)) return constants(0, 1, exact(low), down, 0);
  const longest = down ? 15 : 22;
  const right = Math.min(-shift, longest);
  const fits = low >= -(2 ** (sumBits - 1)) && high < 2 ** (sumBits - 1);
  if (right === -shift && fits) return constants(multiplier, right, zero, down, bias);
  const moved = fits ? 0 : Math.round((low + high) / 2);
  if (high - low >= 2 ** sumBits || (moved !== 0 && !down)) return null;
  const shorter = multiplier / 2 ** (-shift - right);
  const candidates = [Math.floor(shorter), Math.ceil(shorter)].flatMap((candidate) => {
    const plain = constants(candidate, right, zero, down, bias - moved);
    // The first of the two roundings is that of the true, longer shift: half of a smaller unit.
    const finer = down ? 2 ** 6 - Math.floor(2 ** (6 + shift + right)) : 0;
    const add = plain.add - finer + Math.floor((moved * candidate) / 2 ** 24);
    return [add, add + 1].map((sum) => ({ ...plain, add: sum }));
  });
  const equal = candidates.find(
    (candidate) =>
      Math.abs(candidate.add) < 2 ** 30 &&
      areEqualSteps(exact, (x) => fastRequantised(x - moved, candidate, zero, down), [low, high]),
  );
  return equal ?? null;
}

function constants(multiplier: number, right: number, zero: number, down: boolean, bias: number): Scaling {
  return down
    ? { multiplier, add: zero * 2 ** (right + 7) + 2 ** (right + 6) + 2 ** 6, shift: right + 7, bias }
    : { multiplier, add: zero * 2 ** right + 2 ** (right - 1), shift: right, bias };
}

/** What the reference stores: rf_scale, zero point, range of int8; from the zero point up where the rest is clamped. */
function requantised(x: number, multiplier: number, right: number, zero: number, down: boolean): number {
  const high = Number((BigInt(x) * BigInt(multiplier) + (1n << 30n)) >> 31n);
  const rounded = Math.sign(high) * Math.floor((Math.abs(high) + 2 ** (right - 1)) / 2 ** right);
  return clamped(rounded + zero, zero, down);
}

/** What the kernels compute from these constants. */
function fastRequantised(
  x: number,
  { multiplier, add, shift }: Scaling,
  zero: number,
  down: boolean,
): number {
  const product = down
    ? (BigInt(x) * 256n * BigInt(multiplier)) >> 32n
    : ((BigInt(x) * 2n * BigInt(multiplier) + (1n << 31n)) >> 32n) - (x < 0 ? 1n : 0n);
  return clamped(Number((product + BigInt(add)) >> BigInt(shift)), zero, down);
}

function clamped(value: number, zero: number, down: boolean): number {
  return Math.min(127, Math.max(down ? zero : -128, value));
}

type Steps = (x: number) => number;

/** Whether two functions that never fall agree on all integers of a range: they do if they climb at the same places. */
function areEqualSteps(f: Steps, g: Steps, [low, high]: readonly [number, number]): boolean {
  if (f(low) !== g(low) || f(high) !== g(high)) return false;
  for (let level = f(low) + 1; level <= f(high); level++)
    if (firstAtLeast(f, level, low, high) !== firstAtLeast(g, level, low, high)) return false;
  return true;
}

function firstAtLeast(f: Steps, level: number, low: number, high: number): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (f(middle) >= level) to = middle;
    else from = middle + 1;
  }
  return from;
}

/**
 * Bias and bounds of a channel with these weights: inputs run from -128 to 127, padding (the zero point) included. Null when
 * the reference kernel, which adds up from the network's own bias, might leave 32 bits.
 */
export function channelOf(
  weights: Iterable<number>,
  bias: number,
  inZero: number,
  scale: { multiplier: number; shift: number },
): Channel | null {
  let [positive, negative] = [0, 0];
  for (const weight of weights) {
    if (weight > 0) positive += weight;
    else negative += weight;
  }
  const folded = bias - inZero * (positive + negative);
  const low = folded - 128 * positive + 127 * negative;
  const high = folded + 127 * positive - 128 * negative;
  if (Math.abs(bias) + 255 * (positive - negative) >= 2 ** 31) return null;
  return { bias: folded, low, high, ...scale };
}

/** Multiplier and shift of every output channel of a convolution. */
export function channelScales(
  input: Tensor,
  weights: Tensor,
  output: Tensor,
  channels: number,
): { multiplier: number; shift: number }[] {
  const { multipliers, shifts } = channelMultipliers(input, weights, output, channels);
  return Array.from(multipliers, (multiplier, channel) => ({ multiplier, shift: shifts[channel]! }));
}
