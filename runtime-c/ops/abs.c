/*
 * abs, neg: reference kernels, one pass in order. abs: TFLM elementwise.cc. neg of int8: ours, within a step of the real
 * value, which it rounds twice. Plain int32 wraps around.
 */
#include "abs.h"

#include <math.h>

#include "../rf_quant.h"

#define DEFINE_ABS_INT(name, T, low, high)                                                                             \
    void name(const rf_abs_int_params *p, const T *in, T *out, int32_t count)                                          \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            const int32_t x = in[i] - p->in_zero;                                                                      \
            const int32_t y = rf_add(rf_scale(x < 0 ? -x : x, p->multiplier, p->shift), p->out_zero);                  \
            out[i] = (T)rf_clamp(y, (low), (high));                                                                    \
        }                                                                                                              \
    }

DEFINE_ABS_INT(rf_abs_s8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_ABS_INT(rf_abs_s16, int16_t, INT16_MIN, INT16_MAX)

void rf_abs_s32(const int32_t *in, int32_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = in[i] < 0 ? (int32_t)(0u - (uint32_t)in[i]) : in[i];
    }
}

void rf_abs_f32(const float *in, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = fabsf(in[i]);
    }
}

void rf_neg_s8(const rf_abs_int_params *p, const int8_t *in, int8_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const int32_t x = rf_add(rf_scale(p->in_zero - in[i], p->multiplier, p->shift), p->out_zero);
        out[i] = (int8_t)rf_clamp(x, INT8_MIN, INT8_MAX);
    }
}

void rf_neg_s32(const int32_t *in, int32_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = (int32_t)(0u - (uint32_t)in[i]);
    }
}

void rf_neg_f32(const float *in, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = -in[i];
    }
}
