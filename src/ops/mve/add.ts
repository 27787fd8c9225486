/** ADD of int8 tensors of one shape on Helium: rf_add_s8_mve. */
import type { BinaryAttrs } from '../binary.js';
import type { KernelCall, OpView } from '../op-def.js';
import { activationRange, perTensor, quantiseMultiplier } from '../quantise.js';

/** Null: other types, broadcasting, or scales for which no plain sum of products is exact. */
export function addMve(view: OpView<BinaryAttrs>): readonly KernelCall[] | null {
  const [a, b, out] = [view.input(0), view.input(1), view.output(0)];
  const sameShape = [a, b].every(({ shape }) => shape.join() === out.shape.join());
  if (out.dtype !== 'int8' || !sameShape) return null;
  const range = activationRange(view.attrs.activation, out);
  const linear = linearSum(view, range);
  if (!linear) return null;
  return [
    {
      kernel: 'add_s8_mve',
      file: 'add_mve',
      paramsType: 'add_s8_mve_params',
      params: {
        a_factor: linear.factors[0],
        b_factor: linear.factors[1],
        add: linear.add,
        shift: linear.shift,
        act_min: range.min,
        act_max: range.max,
      },
      form: 'flat',
      reads: [a.id, b.id],
      writes: [out.id],
      scratchBytes: 0,
    },
  ];
}

/** How far factors may lie from their scales. */
const nudges = [0, 1, -1, 2, -2, 3, -3, 4, -4];

interface LinearSum {
  readonly factors: readonly [number, number];
  readonly add: number;
  readonly shift: number;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/**
 * Factors, addend and shift with which (a fa + b fb + add) >> shift, clamped, is the reference's result for each of the 65,536
 * pairs; null where none of the factors nearest to the scales has such an addend.
 */
function linearSum(view: OpView<BinaryAttrs>, range: Range): LinearSum | null {
  const results = allResults(view, range);
  const out = perTensor(view.output(0));
  const ratios = [0, 1].map((input) => perTensor(view.input(input)).scale / out.scale);
  // The finest unit with which no result leaves 32 bits.
  const reach = 255 * (ratios[0]! + ratios[1]!) + 130;
  const shift = Math.min(24, Math.floor(31 - Math.log2(reach)));
  if (shift < 8) return null;
  const nearest = ratios.map((ratio) => Math.round(ratio * 2 ** shift));
  for (const da of nudges) {
    for (const db of nudges) {
      const factors = [nearest[0]! + da, nearest[1]! + db] as const;
      const add = addendFor(results, factors, shift, range);
      if (add !== null) return { factors, add, shift };
    }
  }
  return null;
}

/** An addend in the middle of those that give all results, none of which leaves 32 bits; or null. */
function addendFor(
  results: Int8Array,
  [fa, fb]: readonly [number, number],
  shift: number,
  { min, max }: Range,
): number | null {
  const unit = 2 ** shift;
  let [low, high] = [-(2 ** 31), 2 ** 31 - 1];
  for (let a = -128; a < 128; a++) {
    for (let b = -128; b < 128; b++) {
      const products = a * fa + b * fb;
      const result = results[(a + 128) * 256 + b + 128]!;
      if (result > min) low = Math.max(low, result * unit - products);
      if (result < max) high = Math.min(high, (result + 1) * unit - 1 - products);
    }
    if (low > high) return null;
  }
  const add = Math.floor((low + high) / 2);
  // Factors are not negative; what lies between may wrap around.
  const [least, most] = [add - 128 * (fa + fb), add + 127 * (fa + fb)];
  return least >= -(2 ** 31) && most < 2 ** 31 ? add : null;
}

/** What rf_add_s8 computes for all pairs. */
function allResults(view: OpView<BinaryAttrs>, { min, max }: Range): Int8Array {
  const [qa, qb, qo] = [perTensor(view.input(0)), perTensor(view.input(1)), perTensor(view.output(0))];
  const twiceMax = 2 * Math.max(qa.scale, qb.scale);
  const [ma, mb] = [qa, qb].map(({ scale }) => quantiseMultiplier(scale / twiceMax));
  const mo = quantiseMultiplier(twiceMax / (2 ** 20 * qo.scale));
  const scaled = (zero: number, m: Multiplier) =>
    Array.from({ length: 256 }, (_, i) => scale((i - 128 - zero) * 2 ** 20, m));
  const [sa, sb] = [scaled(qa.zeroPoint, ma!), scaled(qb.zeroPoint, mb!)];
  const results = new Int8Array(65536);
  for (let i = 0; i < 65536; i++) {
    const value = scale(sa[i >> 8]! + sb[i & 255]!, mo) + qo.zeroPoint;
    results[i] = Math.min(max, Math.max(min, value));
  }
  return results;
}

type Multiplier = { readonly multiplier: number; readonly shift: number };

/** rf_scale, for |x| < 2^30 and products of |x| 2^shift below 2^31. */
function scale(x: number, { multiplier, shift }: Multiplier): number {
  const left = x * 2 ** Math.max(0, shift);
  // The product has up to 61 bits: in two parts of 16 and 15 bits of the multiplier.
  const [upper, lower] = [Math.floor(multiplier / 65536), multiplier % 65536];
  const high = Math.floor((left * upper + Math.floor((left * lower + 2 ** 30) / 65536)) / 32768);
  const unit = 2 ** Math.max(0, -shift);
  return Math.sign(high) * Math.floor((Math.abs(high) + Math.floor(unit / 2)) / unit);
}
