/*
 * rf_fixed.h: gemmlowp's fixed-point functions, of which TensorFlow Lite's integer softmax, logistic and tanh are made. A
 * number in Qk format is an int32 with k integer bits: real = raw * 2^(k - 31). Constants: gemmlowp fixedpoint.h.
 */
#ifndef RF_FIXED_H
#define RF_FIXED_H

#include "rf_quant.h"

/* x * 2^n, saturating to the left, rounding to the right (ties away from zero). */
static inline int32_t rf_fixed_rescale(int32_t x, int32_t n)
{
    if (n <= 0) {
        return rf_round_shift(x, -n);
    }
    const int32_t threshold = (int32_t)((UINT32_C(1) << (31 - n)) - 1u);
    return x > threshold ? INT32_MAX : x < -threshold ? INT32_MIN : rf_shl(x, n);
}

/* exp(a) for a in [-1/4, 0), both Q0: Taylor expansion around -1/8. */
static inline int32_t rf_fixed_exp_quarter(int32_t a)
{
    const int32_t exp_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    const int32_t x = a + (1 << 28);
    const int32_t x2 = rf_mul_high(x, x);
    const int32_t x3 = rf_mul_high(x2, x);
    const int32_t x4_over_4 = rf_round_shift(rf_mul_high(x2, x2), 2);
    const int32_t rest = rf_round_shift(rf_mul_high(x4_over_4 + x3, third) + x2, 1);
    return exp_minus_eighth + rf_mul_high(exp_minus_eighth, x + rest);
}

/* exp(a) in Q0 for a <= 0 in Q<integer_bits>. */
static inline int32_t rf_fixed_exp(int32_t a, int32_t integer_bits)
{
    static const int32_t exp_of_minus_power[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t fraction_bits = 31 - integer_bits;
    const int32_t quarter = 1 << (fraction_bits - 2);
    const int32_t residue = (a & (quarter - 1)) - quarter;
    const int32_t remainder = residue - a;
    int32_t result = rf_fixed_exp_quarter(rf_fixed_rescale(residue, integer_bits));
    for (int32_t power = -2; power < integer_bits && power <= 4; power++) {
        if (remainder & (1 << (fraction_bits + power))) {
            result = rf_mul_high(result, exp_of_minus_power[power + 2]);
        }
    }
    if (integer_bits > 5 && a < -(1 << (fraction_bits + 5))) {
        result = 0;
    }
    return a == 0 ? INT32_MAX : result;
}

/* Newton-Raphson for 2 / (1 + a) in Q2, a in [0, 1] in Q0; three steps as gemmlowp takes. */
static inline int32_t rf_fixed_half_reciprocal(int32_t a)
{
    const int64_t doubled = (int64_t)a + INT32_MAX;
    const int32_t half_denominator = (int32_t)((doubled + (doubled >= 0 ? 1 : -1)) / 2);
    int32_t x = 1515870810 + rf_mul_high(half_denominator, -1010580540);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = (1 << 29) - rf_mul_high(half_denominator, x);
        x += rf_fixed_rescale(rf_mul_high(x, error), 2);
    }
    return x;
}

/* 1 / (1 + a) in Q0 for a in [0, 1] in Q0. */
static inline int32_t rf_fixed_one_over_one_plus(int32_t a)
{
    return rf_fixed_rescale(rf_fixed_half_reciprocal(a), 1);
}

/* 1 / (1 + exp(-a)) in Q0 for a in Q<integer_bits>; 1/2 for 0. */
static inline int32_t rf_fixed_logistic(int32_t a, int32_t integer_bits)
{
    const int32_t of_magnitude = rf_fixed_one_over_one_plus(rf_fixed_exp(a < 0 ? a : -a, integer_bits));
    return a == 0 ? 1 << 30 : a > 0 ? of_magnitude : INT32_MAX - of_magnitude;
}

/* tanh(a) in Q0 for a in Q<integer_bits>: (1 - e) / (1 + e) with e = exp(-2 |a|); doubling reinterprets the format. */
static inline int32_t rf_fixed_tanh(int32_t a, int32_t integer_bits)
{
    const int32_t e = rf_fixed_exp(a < 0 ? a : -a, integer_bits + 1);
    const int32_t of_magnitude = rf_fixed_rescale(rf_fixed_half_reciprocal(e) - (1 << 29), 2);
    return a == 0 ? 0 : a > 0 ? of_magnitude : -of_magnitude;
}

/* Leading zero bits of x; 32 for 0. */
static inline int32_t rf_leading_zeros(uint32_t x)
{
    int32_t n = 0;
    for (uint32_t bit = UINT32_C(1) << 31; bit != 0 && !(x & bit); bit >>= 1) {
        n++;
    }
    return n;
}

/* 1 / x in Q0 for x > 0 in Q<integer_bits>, normalised; the true value has *bits more integer bits. */
static inline int32_t rf_fixed_reciprocal(int32_t x, int32_t integer_bits, int32_t *bits)
{
    const int32_t zeros = rf_leading_zeros((uint32_t)x);
    *bits = integer_bits - zeros;
    return rf_fixed_one_over_one_plus((int32_t)(((uint32_t)x << zeros) - (UINT32_C(1) << 31)));
}

#endif
