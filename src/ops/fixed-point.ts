/** gemmlowp's fixed-point exponential at compile time, step for step as runtime-c/rf_fixed.h has it. */

const clamp = (x: bigint) => (x > 2147483647n ? 2147483647n : x);

/** rf_mul_high. */
function mulHigh(a: number, b: number): number {
  const product = BigInt(a) * BigInt(b);
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  return Number(clamp((product + nudge) / (1n << 31n)));
}

/** rf_round_shift: ties away from zero. */
function roundShift(x: number, bits: number): number {
  const magnitude = Math.floor((Math.abs(x) + (bits > 0 ? 2 ** (bits - 1) : 0)) / 2 ** bits);
  return x < 0 ? -magnitude : magnitude;
}

function expQuarter(a: number): number {
  const x = a + 2 ** 28;
  const x2 = mulHigh(x, x);
  const x3 = mulHigh(x2, x);
  const x4 = roundShift(mulHigh(x2, x2), 2);
  const rest = roundShift(mulHigh(x4 + x3, 715827883) + x2, 1);
  return 1895147668 + mulHigh(1895147668, x + rest);
}

const expOfMinusPower = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242];

/** rf_fixed_exp: exp(a) with 31 fraction bits, for a <= 0 with 31 - integerBits fraction bits. */
function fixedExp(a: number, integerBits: number): number {
  const fractionBits = 31 - integerBits;
  const quarter = 2 ** (fractionBits - 2);
  const residue = (a & (quarter - 1)) - quarter;
  const remainder = residue - a;
  let result = expQuarter(residue * 2 ** integerBits);
  for (let power = -2; power < integerBits && power <= 4; power++)
    if (remainder & (2 ** (fractionBits + power))) result = mulHigh(result, expOfMinusPower[power + 2]!);
  return a === 0 ? 2 ** 31 - 1 : result;
}

/**
 * exp(x) with 31 fraction bits for the scaled difference of an int8 softmax: what `exp_of_difference` in
 * runtime-c/ops/softmax.c computes, whose differences have five integer bits.
 */
export function exponentialOfDifference(difference: number, multiplier: number, leftShift: number): number {
  return fixedExp(mulHigh((difference * 2 ** leftShift) | 0, multiplier), 5);
}
