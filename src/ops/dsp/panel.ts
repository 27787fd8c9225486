/** Weights and constants for the panel of runtime-c/rf_dsp_panel.h. */
import { type Channel, scalingOf } from './requantise.js';

/** Two sums stand in one 32-bit accumulator, the upper one in its upper 24 bits. */
const sumBits = 24;

export interface Panel {
  readonly weights: Int8Array;
  readonly table: Int32Array;
}

/**
 * The order in which a panel takes the inputs of one run (a kernel row of all its channels) as pairs; -1 is no input. Of
 * every four, 0 goes with 2 and 1 with 3, since that is how SXTB16 unpacks them.
 */
export function pairOrder(count: number): (readonly [number, number])[] {
  const pairs: [number, number][] = [];
  let at = 0;
  for (; at + 4 <= count; at += 4) pairs.push([at, at + 2], [at + 1, at + 3]);
  if (count - at === 1) pairs.push([at, -1]);
  if (count - at === 2) pairs.push([at, at + 1]);
  if (count - at === 3) pairs.push([at, at + 2], [at + 1, -1]);
  return pairs;
}

/** Pairs of inputs for `runs` runs of `count`, filled up to a multiple of `unit`. */
export function panelOrder(runs: number, count: number, unit: number): (readonly [number, number])[] {
  const order: (readonly [number, number])[] = [];
  for (let run = 0; run < runs; run++) {
    for (const [a, b] of pairOrder(count)) order.push([run * count + a, b < 0 ? -1 : run * count + b]);
  }
  while (order.length % unit !== 0) order.push([-1, -1]);
  return order;
}

/**
 * Packs `channels.length` channels of `weights` ([channel][input]) in the order of `pairs`; null when a sum or a
 * multiplier is beyond what the panel can do exactly, or a weight is -128.
 */
export function packPanel(
  weights: Int8Array,
  channels: readonly (Channel | null)[],
  pairs: readonly (readonly [number, number])[],
  outZero: number,
  down: boolean,
): Panel | null {
  const scalings = channels.map((channel) => channel && scalingOf(channel, outZero, down, sumBits));
  if (scalings.includes(null)) return null;
  if (weights.includes(-128)) return null;
  const inputs = weights.length / channels.length;
  const weight = (channel: number, input: number) =>
    input < 0 || channel >= channels.length ? 0 : weights[channel * inputs + input]!;
  const couples = Math.ceil(channels.length / 2);
  const packed = new Int8Array(couples * pairs.length * 4);
  const table = new Int32Array(couples * 7);
  for (let couple = 0; couple < couples; couple++) {
    const [first, second] = [2 * couple, 2 * couple + 1];
    for (const [at, [a, b]] of pairs.entries()) {
      const place = (couple * pairs.length + at) * 4;
      packed.set([...halves(weight(first, a), weight(second, a))], place);
      packed.set([...halves(weight(first, b), weight(second, b))], place + 2);
    }
    const [even, odd] = [scalings[first]!, scalings[second] ?? { bias: 0, multiplier: 0, add: 0, shift: 1 }];
    table.set(
      [
        even.bias,
        (256 * odd.bias + even.bias) | 0,
        even.shift | (odd.shift << 8),
        even.multiplier,
        even.add,
        odd.multiplier,
        odd.add,
      ],
      couple * 7,
    );
  }
  return { weights: packed, table };
}

/** The bytes of 256 * high + low as a signed half word. */
function halves(low: number, high: number): [number, number] {
  return [low, low < 0 ? high - 1 : high];
}
