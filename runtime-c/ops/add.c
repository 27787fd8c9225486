/*
 * add, sub: reference kernels. One pass over the elements, in order (TFLM reference_ops::Add and Sub, not the
 * power-of-two variants). Plain int32 wraps around.
 */
#include "add.h"

#include "../rf_quant.h"

static int32_t scaled_a(const rf_add_int_params *p, int32_t a)
{
    return rf_scale(rf_shl(a - p->a_zero, p->left_shift), p->a_multiplier, p->a_shift);
}

static int32_t scaled_b(const rf_add_int_params *p, int32_t b)
{
    return rf_scale(rf_shl(b - p->b_zero, p->left_shift), p->b_multiplier, p->b_shift);
}

static int32_t to_output(const rf_add_int_params *p, int32_t sum)
{
    const int32_t out = rf_add(rf_scale(sum, p->out_multiplier, p->out_shift), p->out_zero);
    return rf_clamp(out, p->act_min, p->act_max);
}

/* Defines the flat kernel `name` of one quantised type, and its broadcasting one; `sign` is + or -. */
#define DEFINE_SUM_INT(name, T, sign)                                                                                  \
    void name(const rf_add_int_params *p, const T *a, const T *b, T *out, int32_t count)                               \
    {                                                                                                                  \
        const rf_add_int_params q = *p; /* which bytes that are stored might be part of */                             \
        for (int32_t i = 0; i < count; i++, a += q.a_step, b += q.b_step) {                                            \
            out[i] = (T)to_output(&q, scaled_a(&q, *a) sign scaled_b(&q, *b));                                         \
        }                                                                                                              \
    }                                                                                                                  \
    RF_DEFINE_BROADCAST(name##_broadcast, rf_add_int_broadcast_params, name, T, T)

#define DEFINE_SUM_S32(name, sign)                                                                                     \
    void name(const rf_binary_s32_params *p, const int32_t *a, const int32_t *b, int32_t *out, int32_t count)          \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            const uint32_t sum = (uint32_t)a[i * p->a_step] sign (uint32_t)b[i * p->b_step];                           \
            out[i] = rf_clamp((int32_t)sum, p->act_min, p->act_max);                                                   \
        }                                                                                                              \
    }                                                                                                                  \
    RF_DEFINE_BROADCAST(name##_broadcast, rf_binary_s32_broadcast_params, name, int32_t, int32_t)

#define DEFINE_SUM_F32(name, sign)                                                                                     \
    void name(const rf_binary_f32_params *p, const float *a, const float *b, float *out, int32_t count)                \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            out[i] = rf_clamp_f32(a[i * p->a_step] sign b[i * p->b_step], p->act_min, p->act_max);                     \
        }                                                                                                              \
    }                                                                                                                  \
    RF_DEFINE_BROADCAST(name##_broadcast, rf_binary_f32_broadcast_params, name, float, float)

DEFINE_SUM_INT(rf_add_s8, int8_t, +)
DEFINE_SUM_INT(rf_add_s16, int16_t, +)
DEFINE_SUM_S32(rf_add_s32, +)
DEFINE_SUM_F32(rf_add_f32, +)
DEFINE_SUM_INT(rf_sub_s8, int8_t, -)
DEFINE_SUM_INT(rf_sub_s16, int16_t, -)
DEFINE_SUM_S32(rf_sub_s32, -)
DEFINE_SUM_F32(rf_sub_f32, -)
