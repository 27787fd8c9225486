/*
 * sqrt, rsqrt: reference kernels, one pass in order. Quantised sqrt goes through float and truncates (TensorFlow's
 * elementwise.cc; TFLM has none); quantised rsqrt is fixed-point (TFLM RsqrtEvalQuantized, for 8 and 16 bits alike).
 */
#include "sqrt.h"

#include <math.h>

#include "../rf_fixed.h"

/* The bound keeps the conversion defined; every result saturates before it. */
static int32_t sqrt_of(const rf_sqrt_int_params *p, int32_t x, int32_t low, int32_t high)
{
    const float root = x > p->in_zero ? sqrtf(p->in_scale * (float)(x - p->in_zero)) : 0.0f;
    const float quotient = root / p->out_scale;
    return rf_clamp((int32_t)(quotient < 131072.0f ? quotient : 131072.0f) + p->out_zero, low, high);
}

enum { RSQRT_BITS = 20 };

/* 1 / sqrt(x) with RSQRT_BITS fraction bits, x > 0: Newton-Raphson in Q3 on x scaled by a power of 4 to [1/4, 1). */
static int32_t inverse_root(int32_t x)
{
    if (x == 1) {
        return 1 << RSQRT_BITS;
    }
    const int32_t half_three = (1 << 28) + (1 << 27), half_root_two = 1518500250;
    const int32_t pairs = (rf_leading_zeros((uint32_t)x) - 1) / 2 - 1;
    const int32_t half_input = rf_round_shift((x << 2 * pairs) >> 1, 1);
    int32_t shift = 11 - pairs;
    int32_t y = 1 << 28;
    for (int32_t step = 0; step < 5; step++) {
        const int32_t cube = rf_fixed_rescale(rf_mul_high(rf_mul_high(y, y), y), 6);
        y = rf_fixed_rescale(rf_mul_high(half_three, y) - rf_mul_high(half_input, cube), 3);
    }
    y = rf_mul_high(y, half_root_two);
    if (shift < 0) {
        y = rf_shl(y, -shift);
        shift = 0;
    }
    return rf_scale(1, y, RSQRT_BITS - shift);
}

static int32_t rsqrt_of(const rf_rsqrt_int_params *p, int32_t x, int32_t low, int32_t high)
{
    if (x <= p->in_zero) {
        return high;
    }
    const int32_t y = rf_add(rf_scale(inverse_root(x - p->in_zero), p->multiplier, p->shift - RSQRT_BITS), p->out_zero);
    return rf_clamp(y, low, high);
}

#define DEFINE_ROOT_INT(name, struct_type, function, T, low, high)                                                     \
    void name(const struct_type *p, const T *in, T *out, int32_t count)                                                \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            out[i] = (T)function(p, in[i], (low), (high));                                                             \
        }                                                                                                              \
    }

DEFINE_ROOT_INT(rf_sqrt_s8, rf_sqrt_int_params, sqrt_of, int8_t, INT8_MIN, INT8_MAX)
DEFINE_ROOT_INT(rf_sqrt_s16, rf_sqrt_int_params, sqrt_of, int16_t, INT16_MIN, INT16_MAX)
DEFINE_ROOT_INT(rf_rsqrt_s8, rf_rsqrt_int_params, rsqrt_of, int8_t, INT8_MIN, INT8_MAX)
DEFINE_ROOT_INT(rf_rsqrt_s16, rf_rsqrt_int_params, rsqrt_of, int16_t, INT16_MIN, INT16_MAX)

void rf_sqrt_f32(const float *in, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = sqrtf(in[i]);
    }
}

void rf_rsqrt_f32(const float *in, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = 1.0f / sqrtf(in[i]);
    }
}
