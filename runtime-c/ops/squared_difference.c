/* squared_difference: reference kernels, one pass in order (TFLM squared_difference.cc). Plain int32 wraps around. */
#include "squared_difference.h"

#include "../rf_quant.h"

/* Either scale is at most half the common one, so |x - y| <= 2^15 and the square fits. */
static int32_t squared(const rf_squared_difference_int_params *p, int32_t a, int32_t b, int32_t low, int32_t high)
{
    const int32_t x = rf_scale(rf_shl(a - p->a_zero, p->left_shift), p->a_multiplier, p->a_shift);
    const int32_t y = rf_scale(rf_shl(b - p->b_zero, p->left_shift), p->b_multiplier, p->b_shift);
    return rf_clamp(rf_add(rf_scale((x - y) * (x - y), p->out_multiplier, p->out_shift), p->out_zero), low, high);
}

#define DEFINE_SQUARED_INT(name, T, low, high)                                                                         \
    void name(const rf_squared_difference_int_params *p, const T *a, const T *b, T *out, int32_t count)                \
    {                                                                                                                  \
        const rf_squared_difference_int_params q = *p; /* which bytes that are stored might be part of */              \
        for (int32_t i = 0; i < count; i++, a += q.a_step, b += q.b_step) {                                            \
            out[i] = (T)squared(&q, *a, *b, (low), (high));                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    RF_DEFINE_BROADCAST(name##_broadcast, rf_squared_difference_int_broadcast_params, name, T, T)

DEFINE_SQUARED_INT(rf_squared_difference_s8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_SQUARED_INT(rf_squared_difference_s16, int16_t, INT16_MIN, INT16_MAX)

void rf_squared_difference_s32(const rf_binary_plain_params *p, const int32_t *a, const int32_t *b, int32_t *out,
                               int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const uint32_t difference = (uint32_t)a[i * p->a_step] - (uint32_t)b[i * p->b_step];
        out[i] = (int32_t)(difference * difference);
    }
}

void rf_squared_difference_f32(const rf_binary_plain_params *p, const float *a, const float *b, float *out,
                               int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float difference = a[i * p->a_step] - b[i * p->b_step];
        out[i] = difference * difference;
    }
}

RF_DEFINE_BROADCAST(rf_squared_difference_s32_broadcast, rf_binary_plain_broadcast_params, rf_squared_difference_s32,
                    int32_t, int32_t)
RF_DEFINE_BROADCAST(rf_squared_difference_f32_broadcast, rf_binary_plain_broadcast_params, rf_squared_difference_f32,
                    float, float)
