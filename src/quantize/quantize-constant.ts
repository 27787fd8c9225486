/** Weights, biases and other constants as integers. */
import type { Quant } from '../ir/tensor.js';

export interface QuantisedWeights {
  readonly values: Int8Array;
  readonly quant: Quant;
}

/** Sums of an int32 bias and products stay far from overflow below this. */
const largestBias = 2 ** 29;

/**
 * Symmetric int8 with a scale for each output channel: the largest weight becomes 127, unless the bias, in units of
 * input scale times weight scale, would be too large for its int32.
 * @param inner elements between neighbours of a channel's axis: 1 when it is the last one, else those of one slice
 */
export function quantiseWeights(
  weights: Float32Array,
  channels: number,
  axis: number,
  bias: Float32Array | null,
  inputScale: number,
): QuantisedWeights {
  const channelOf = channelIn(weights.length, channels, axis);
  const largest = new Float64Array(channels);
  weights.forEach((weight, at) => {
    const channel = channelOf(at);
    largest[channel] = Math.max(largest[channel]!, Math.abs(weight));
  });
  const scales = Array.from(largest, (most, channel) =>
    Math.fround(Math.max(most / 127, Math.abs(bias?.[channel] ?? 0) / (inputScale * largestBias), 2 ** -40)),
  );
  const values = Int8Array.from(weights, (weight, at) =>
    Math.max(-127, Math.min(127, Math.round(weight / scales[channelOf(at)]!))),
  );
  return { values, quant: { scales, zeroPoints: scales.map(() => 0), axis } };
}

/** Int32 in units of input scale times weight scale. */
export function quantiseBias(
  bias: ArrayLike<number>,
  scales: readonly number[],
  inputScale: number,
): Int32Array {
  return Int32Array.from(bias, (value, channel) =>
    Math.max(
      -largestBias * 2,
      Math.min(largestBias * 2, Math.round(value / (inputScale * scales[channel]!))),
    ),
  );
}

/**
 * What rounding the weights adds to each output channel on average: the sum of (rounded - real weight) times the mean of
 * the input channel that it meets. To be taken from the bias. Source: Nagel et al., Data-Free Quantization Through Weight
 * Equalization and Bias Correction (ICCV 2019), section 4.2.
 * @param means mean of each input channel
 */
export function roundingShift(
  weights: Float32Array,
  { values, quant }: QuantisedWeights,
  means: Float64Array,
): Float64Array {
  const channels = quant.scales.length;
  const channelOf = channelIn(weights.length, channels, quant.axis ?? 0);
  const inner = quant.axis === 0 ? weights.length / channels : 1;
  const shift = new Float64Array(channels);
  weights.forEach((weight, at) => {
    const channel = channelOf(at);
    const mean = inputMean(means, quant.axis ?? 0, at % inner, channel, channels);
    shift[channel]! += (values[at]! * quant.scales[channel]! - weight) * mean;
  });
  return shift;
}

/** Of grouped convolutions each output channel meets the channels of its group alone, of depthwise ones a single channel. */
function inputMean(means: Float64Array, axis: number, at: number, channel: number, channels: number): number {
  return axis === 0 ? means[at % means.length]! : means[Math.floor((channel * means.length) / channels)]!;
}

function channelIn(length: number, channels: number, axis: number): (at: number) => number {
  const inner = length / channels;
  return axis === 0 ? (at) => Math.floor(at / inner) : (at) => at % channels;
}

/** Int8 by a tensor's quantisation. */
export function quantiseValues(values: ArrayLike<number>, { scales, zeroPoints }: Quant): Int8Array {
  return Int8Array.from(values, (x) =>
    Math.max(-128, Math.min(127, Math.round(x / scales[0]!) + zeroPoints[0]!)),
  );
}
