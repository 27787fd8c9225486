/*
 * rf_quant.h: requantisation, the only place where it is written. Bit-exact with the default (double-rounding)
 * arithmetic of TensorFlow Lite Micro: gemmlowp's saturating doubling high multiply, then a rounding shift.
 */
#ifndef RF_QUANT_H
#define RF_QUANT_H

#include "rf.h"

static inline int32_t rf_min(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t rf_max(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t rf_clamp(int32_t x, int32_t low, int32_t high) { return rf_min(rf_max(x, low), high); }

static inline float rf_clamp_f32(float x, float low, float high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* x * 2^n without undefined behaviour when bits leave at the top. */
static inline int32_t rf_shl(int32_t x, int32_t n) { return (int32_t)((uint32_t)x << n); }

/* a + b, wrapping around: an accumulator that a network lets overflow is wrong, but not undefined. */
static inline int32_t rf_add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/* round(a * b / 2^31), ties towards +infinity as gemmlowp rounds them; not both INT32_MIN. */
static inline int32_t rf_mul_high_plain(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* The same for all numbers, saturating the one case that overflows. */
static inline int32_t rf_mul_high(int32_t a, int32_t b)
{
    return a == INT32_MIN && b == INT32_MIN ? INT32_MAX : rf_mul_high_plain(a, b);
}

/* round(x / 2^n), ties away from zero; 0 <= n <= 31. */
static inline int32_t rf_round_shift(int32_t x, int32_t n)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << n) - 1u);
    const int32_t remainder = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> n) + (remainder > threshold ? 1 : 0);
}

/* x * multiplier * 2^(shift - 31), rounded twice. multiplier > INT32_MIN; -31 <= shift <= 30. */
static inline int32_t rf_scale(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    return rf_round_shift(rf_mul_high_plain(rf_shl(x, left), multiplier), right);
}

/* The same for a 48-bit accumulator (16-bit activations): a 16-bit multiplier, rounded once. -31 <= shift < 8. */
static inline int32_t rf_scale_wide(int64_t x, int32_t multiplier, int32_t shift)
{
    const int32_t reduced = multiplier < 0x7FFF0000 ? ((multiplier + (1 << 15)) >> 16) : 0x7FFF;
    const int32_t total = 15 - shift;
    return (int32_t)((x * (int64_t)reduced + (INT64_C(1) << (total - 1))) >> total);
}

#endif
