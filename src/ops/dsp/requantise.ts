/**
 * Requantisation constants of the `dsp` kernels: what rf_scale computes, in two or three instructions. The derivation is at
 * the head of runtime-c/rf_dsp_panel.h.
 */
import type { Tensor } from '../../ir/tensor.js';
import { channelMultipliers } from '../convolution.js';
import { type Activation, activationRange, perTensor } from '../quantise.js';

/** One output channel before requantisation: the sum of products starts at `bias`, which includes the input's zero point. */
export interface Channel {
  readonly bias: number;
  /** No sum, whatever the inputs, is beyond this in magnitude. */
  readonly bound: number;
  readonly multiplier: number;
  /** To the right, as in rf_scale: 0 or less. */
  readonly shift: number;
}

export interface Scaling {
  readonly multiplier: number;
  readonly add: number;
  readonly shift: number;
}

/**
 * Whether negative results are clamped to the output's zero point or above: then ties need no look at the sign, and both
 * roundings become one.
 */
export function roundsDown(activation: Activation, output: Tensor): boolean {
  return activationRange(activation, output).min >= perTensor(output).zeroPoint;
}

/**
 * The constants of a channel, or null when the fast sequence is not exact for it: no shift to the right, or one so long that
 * the addend leaves 32 bits. `scaleBits` of a sum are already fractional: it is multiplied by that power of two.
 */
export function scalingOf(
  channel: Pick<Channel, 'multiplier' | 'shift'>,
  zero: number,
  down: boolean,
): Scaling | null {
  // A multiplier of 0 comes with shift 0; any shift gives the zero point.
  const right = channel.multiplier === 0 ? 1 : -channel.shift;
  const longest = down ? 15 : 22;
  if (right < 1 || right > longest) return null;
  if (down)
    return {
      multiplier: channel.multiplier,
      add: zero * 2 ** (right + 7) + 2 ** (right + 6) + 2 ** 6,
      shift: right + 7,
    };
  return {
    multiplier: channel.multiplier,
    add: zero * 2 ** right + 2 ** (right - 1),
    shift: right,
  };
}

/** Bias and bound of a channel with these weights: inputs run from -128 to 127, padding included. */
export function channelOf(
  weights: Iterable<number>,
  bias: number,
  inZero: number,
  scale: { multiplier: number; shift: number },
): Channel {
  let sum = 0;
  let magnitude = 0;
  for (const weight of weights) {
    sum += weight;
    magnitude += Math.abs(weight);
  }
  const folded = bias - inZero * sum;
  // The reference adds up from its own bias in any order that its loops have: bound its way there too.
  const bound = Math.max(Math.abs(folded) + 128 * magnitude, Math.abs(bias) + 255 * magnitude);
  return { bias: folded, bound, ...scale };
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
