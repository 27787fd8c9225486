/* add: reference kernels. One pass over the elements, in order (TFLM reference_ops::Add, not its power-of-two variant). */
#include "add.h"

#include "../rf_quant.h"

static int32_t sum(const rf_add_int_params *p, int32_t a, int32_t b)
{
    const int32_t scaled_a = rf_scale(rf_shl(a - p->a_zero, p->left_shift), p->a_multiplier, p->a_shift);
    const int32_t scaled_b = rf_scale(rf_shl(b - p->b_zero, p->left_shift), p->b_multiplier, p->b_shift);
    const int32_t out = rf_scale(scaled_a + scaled_b, p->out_multiplier, p->out_shift) + p->out_zero;
    return rf_clamp(out, p->act_min, p->act_max);
}

void rf_add_s8(const rf_add_int_params *p, const int8_t *a, const int8_t *b, int8_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = (int8_t)sum(p, a[i * p->a_step], b[i * p->b_step]);
    }
}

void rf_add_s16(const rf_add_int_params *p, const int16_t *a, const int16_t *b, int16_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = (int16_t)sum(p, a[i * p->a_step], b[i * p->b_step]);
    }
}

void rf_add_f32(const rf_add_f32_params *p, const float *a, const float *b, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        float x = a[i * p->a_step] + b[i * p->b_step];
        x = x < p->act_min ? p->act_min : x;
        out[i] = x > p->act_max ? p->act_max : x;
    }
}

RF_DEFINE_BROADCAST(rf_add_s8_broadcast, rf_add_int_broadcast_params, rf_add_s8, int8_t, int8_t)
RF_DEFINE_BROADCAST(rf_add_s16_broadcast, rf_add_int_broadcast_params, rf_add_s16, int16_t, int16_t)
RF_DEFINE_BROADCAST(rf_add_f32_broadcast, rf_add_f32_broadcast_params, rf_add_f32, float, float)
