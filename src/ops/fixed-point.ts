/**
 * The 32-bit arithmetic of the reference kernels, bit for bit: runtime-c/rf_quant.h and rf_fixed.h. For tables that the
 * compiler makes; the constants are gemmlowp's (fixedpoint.h).
 */

/** A low word as C's int32_t. */
const int32 = (x: bigint) => Number(BigInt.asIntN(32, x));

/** rf_mul_high: round(a * b / 2^31), ties towards +infinity; the one case that overflows saturates. */
function mulHigh(a: number, b: number): number {
  if (a === -(2 ** 31) && b === -(2 ** 31)) return 2 ** 31 - 1;
  const product = a * b;
  // Below 2^53 the product is exact, and so is its quotient by a power of two.
  if (Math.abs(product) < 2 ** 52) return Math.floor((product + 2 ** 30) / 2 ** 31);
  return int32((BigInt(a) * BigInt(b) + (1n << 30n)) >> 31n);
}

/** rf_round_shift: round(x / 2^n), ties away from zero. */
export function roundShift(x: number, n: number): number {
  const half = n === 0 ? 0 : 2 ** (n - 1);
  return x < 0 ? -Math.floor((-x + half) / 2 ** n) : Math.floor((x + half) / 2 ** n);
}

/** rf_scale: x * multiplier * 2^(shift - 31), rounded twice; a shift to the left loses what leaves 32 bits. */
export function scaled(x: number, multiplier: number, shift: number): number {
  const left = shift > 0 ? int32(BigInt(x) << BigInt(shift)) : x;
  return roundShift(mulHigh(left, multiplier), shift > 0 ? 0 : -shift);
}

/** rf_clamp. */
export function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

/** rf_fixed_rescale: x * 2^n, saturating to the left, rounding to the right. */
function rescaled(x: number, n: number): number {
  return n <= 0 ? roundShift(x, -n) : clamp(x * 2 ** n, -(2 ** 31), 2 ** 31 - 1);
}

function expQuarter(a: number): number {
  const expMinusEighth = 1895147668;
  const third = 715827883;
  const x = a + 2 ** 28;
  const x2 = mulHigh(x, x);
  const x3 = mulHigh(x2, x);
  const x4Over4 = roundShift(mulHigh(x2, x2), 2);
  const rest = roundShift(mulHigh(x4Over4 + x3, third) + x2, 1);
  return expMinusEighth + mulHigh(expMinusEighth, x + rest);
}

const expOfMinusPower = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242] as const;

/** rf_fixed_exp: exp(a) in Q0 for a <= 0 in Q<integerBits>. */
function fixedExp(a: number, integerBits: number): number {
  const fractionBits = 31 - integerBits;
  const quarter = 2 ** (fractionBits - 2);
  const residue = (a & (quarter - 1)) - quarter;
  const remainder = residue - a;
  let result = expQuarter(rescaled(residue, integerBits));
  for (let power = -2; power < integerBits && power <= 4; power++)
    if (remainder & (2 ** (fractionBits + power))) result = mulHigh(result, expOfMinusPower[power + 2]!);
  if (integerBits > 5 && a < -(2 ** (fractionBits + 5))) result = 0;
  return a === 0 ? 2 ** 31 - 1 : result;
}

function halfReciprocal(a: number): number {
  const doubled = a + 2 ** 31 - 1;
  const halfDenominator = Math.trunc((doubled + (doubled >= 0 ? 1 : -1)) / 2);
  let x = 1515870810 + mulHigh(halfDenominator, -1010580540);
  for (let step = 0; step < 3; step++) x += rescaled(mulHigh(x, 2 ** 29 - mulHigh(halfDenominator, x)), 2);
  return x;
}

/** rf_fixed_logistic: 1 / (1 + exp(-a)) in Q0 for a in Q<integerBits>. */
export function fixedLogistic(a: number, integerBits: number): number {
  if (a === 0) return 2 ** 30;
  const ofMagnitude = rescaled(halfReciprocal(fixedExp(a < 0 ? a : -a, integerBits)), 1);
  return a > 0 ? ofMagnitude : 2 ** 31 - 1 - ofMagnitude;
}

/** rf_fixed_tanh: tanh(a) in Q0 for a in Q<integerBits>. */
export function fixedTanh(a: number, integerBits: number): number {
  if (a === 0) return 0;
  const e = fixedExp(a < 0 ? a : -a, integerBits + 1);
  const ofMagnitude = rescaled(halfReciprocal(e) - 2 ** 29, 2);
  return a > 0 ? ofMagnitude : -ofMagnitude;
}

/**
 * exp(x) in Q0 for the scaled difference of an int8 softmax: what `exp_of_difference` in runtime-c/ops/softmax.c computes, whose
 * differences have five integer bits.
 */
export function exponentialOfDifference(difference: number, multiplier: number, leftShift: number): number {
  return fixedExp(mulHigh((difference * 2 ** leftShift) | 0, multiplier), 5);
}
