/** Damages a .tflite file the way transfers, bugs and attackers do; the same seed gives the same file. */
import { Random } from './random.js';

/** Numbers that parsers like to trip over: lengths, offsets, signs, float bit patterns (NaN, infinity, denormal, zero). */
const hostileWords = [
  0, 1, 2, 3, 7, 8, 9, 127, 255, 256, 1000, 65_535, 65_536, 0x00ff_ffff, 0x7fff_ffff, 0x8000_0000,
  0xffff_ffff, 0xffff_fffe, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x0000_0001, 0x0080_0000, 0x7f7f_ffff,
  0x3f80_0000,
];

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array, place: () => number) => Uint8Array;

const word = (bytes: Uint8Array, at: number) => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  at: Math.max(0, Math.min(at & ~3, bytes.length - 4)),
});

const gentle: readonly Mutation[] = [
  // Flipped bits.
  (bytes, random, _other, place) => {
    for (let count = 1 + random.below(4); count > 0; count--) bytes[place()]! ^= 1 << random.below(8);
    return bytes;
  },
  // Random bytes.
  (bytes, random, _other, place) => {
    for (let count = 1 + random.below(3); count > 0; count--) bytes[place()] = random.below(256);
    return bytes;
  },
  // Hostile words: huge counts, negative sizes, odd floats.
  (bytes, random, _other, place) => {
    const { view, at } = word(bytes, place());
    view.setUint32(at, random.pick(hostileWords), true);
    return bytes;
  },
  // Offsets to anywhere, backwards (a cycle) too.
  (bytes, random, _other, place) => {
    const { view, at } = word(bytes, place());
    view.setUint32(at, (random.below(bytes.length) - at) >>> 0, true);
    return bytes;
  },
  // Small steps: an index or a dimension that is one off.
  (bytes, random, _other, place) => {
    const { view, at } = word(bytes, place());
    view.setInt32(at, view.getInt32(at, true) + random.below(5) - 2, true);
    return bytes;
  },
  // The same small number everywhere: a dimension that stays consistent.
  (bytes, random, _other, place) => {
    const { view, at } = word(bytes, place());
    const before = view.getUint32(at, true);
    const after = random.pick([1, 2, 3, 5, before + 1, 2 * before, 64 * before, 1_000_000]) >>> 0;
    for (let to = 0; before < 256 && to + 4 <= bytes.length; to += 4)
      if (view.getUint32(to, true) === before) view.setUint32(to, after, true);
    return bytes;
  },
  // A word from elsewhere in the file.
  (bytes, _random, _other, place) => {
    const from = word(bytes, place());
    const to = word(bytes, place());
    to.view.setUint32(to.at, from.view.getUint32(from.at, true), true);
    return bytes;
  },
];

const rough: readonly Mutation[] = [
  // Cut off.
  (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  // A piece of another file, in place of as many bytes or more.
  (bytes, random, other) => {
    const start = random.below(other.length);
    const piece = other.subarray(start, start + 1 + random.below(256));
    const at = random.below(bytes.length);
    const behind = bytes.subarray(at + (random.below(2) === 0 ? piece.length : 0));
    return new Uint8Array(Buffer.concat([bytes.subarray(0, at), piece, behind]));
  },
];

/**
 * One to three mutations of a copy of `original`.
 * @param weights stretches of weights, [first, end): nine times out of ten they are spared, because damage there changes
 *   numbers and no structure
 */
export function mutate(
  original: Uint8Array,
  seed: number,
  other: Uint8Array,
  weights: readonly (readonly [first: number, end: number])[],
): Uint8Array {
  const random = new Random(seed);
  let bytes: Uint8Array = original.slice();
  const place = () => {
    for (let tries = 0; tries < 20; tries++) {
      const at = random.below(bytes.length);
      if (random.below(10) === 0 || !weights.some(([first, end]) => first <= at && at < end)) return at;
    }
    return random.below(bytes.length);
  };
  const count = random.below(2) === 0 ? 1 : 2 + random.below(2);
  for (let done = 0; done < count && bytes.length > 8; done++) {
    // Cuts and pieces hardly ever leave a file that can be read, so they are rarer.
    const chosen = random.below(8) === 0 ? rough : gentle;
    bytes = random.pick(chosen)(bytes, random, other, place);
  }
  // The file identifier is one cheap check; behind it is what matters.
  if (bytes.length >= 8 && random.below(20) !== 0) bytes.set(original.subarray(4, 8), 4);
  return bytes;
}
