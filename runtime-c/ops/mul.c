/* mul: reference kernels. One pass in order (TFLM reference_integer_ops::Mul). Plain int32 wraps around. */
#include "mul.h"

#include "../rf_quant.h"

static int32_t product(const rf_mul_int_params *p, int32_t a, int32_t b)
{
    const int32_t out = rf_add(rf_scale((a - p->a_zero) * (b - p->b_zero), p->multiplier, p->shift), p->out_zero);
    return rf_clamp(out, p->act_min, p->act_max);
}

#define DEFINE_MUL_INT(name, T)                                                                                        \
    void name(const rf_mul_int_params *p, const T *a, const T *b, T *out, int32_t count)                               \
    {                                                                                                                  \
        const rf_mul_int_params q = *p; /* which bytes that are stored might be part of */                             \
        for (int32_t i = 0; i < count; i++, a += q.a_step, b += q.b_step) {                                            \
            out[i] = (T)product(&q, *a, *b);                                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    RF_DEFINE_BROADCAST(name##_broadcast, rf_mul_int_broadcast_params, name, T, T)

DEFINE_MUL_INT(rf_mul_s8, int8_t)
DEFINE_MUL_INT(rf_mul_s16, int16_t)

void rf_mul_s32(const rf_binary_s32_params *p, const int32_t *a, const int32_t *b, int32_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const uint32_t x = (uint32_t)a[i * p->a_step] * (uint32_t)b[i * p->b_step];
        out[i] = rf_clamp((int32_t)x, p->act_min, p->act_max);
    }
}

void rf_mul_f32(const rf_binary_f32_params *p, const float *a, const float *b, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = rf_clamp_f32(a[i * p->a_step] * b[i * p->b_step], p->act_min, p->act_max);
    }
}

RF_DEFINE_BROADCAST(rf_mul_s32_broadcast, rf_binary_s32_broadcast_params, rf_mul_s32, int32_t, int32_t)
RF_DEFINE_BROADCAST(rf_mul_f32_broadcast, rf_binary_f32_broadcast_params, rf_mul_f32, float, float)
