/* div: reference kernels. One pass in order (TFLM reference_ops::Div); int32 truncates and wraps around. */
#include "div.h"

#include "../rf_fixed.h"

static int32_t quotient(const rf_div_s8_params *p, int32_t a, int32_t b)
{
    if (a == 0) {
        return p->out_zero;
    }
    if (b == 0) {
        return a < 0 ? INT8_MIN : INT8_MAX;
    }
    if (b < 0) {
        a = -a;
        b = -b;
    }
    int32_t bits;
    const int32_t reciprocal = rf_fixed_reciprocal(b, 31, &bits);
    const int32_t headroom = rf_leading_zeros((uint32_t)(a < 0 ? ~a : a)) - 1;
    const int32_t raw = rf_mul_high(rf_shl(a, headroom), reciprocal);
    const int32_t right = bits + headroom - p->shift;
    const int32_t x = right > 31 ? 0 : rf_fixed_rescale(rf_mul_high(raw, p->multiplier), rf_min(-right, 30));
    return rf_clamp(x, -(1 << 16), 1 << 16) + p->out_zero;
}

void rf_div_s8(const rf_div_s8_params *p, const int8_t *a, const int8_t *b, int8_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const int32_t x = quotient(p, a[i * p->a_step] - p->a_zero, b[i * p->b_step] - p->b_zero);
        out[i] = (int8_t)rf_clamp(x, p->act_min, p->act_max);
    }
}

void rf_div_s32(const rf_binary_s32_params *p, const int32_t *a, const int32_t *b, int32_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const int64_t x = a[i * p->a_step], y = b[i * p->b_step];
        out[i] = rf_clamp(y == 0 ? 0 : (int32_t)(x / y), p->act_min, p->act_max);
    }
}

void rf_div_f32(const rf_binary_f32_params *p, const float *a, const float *b, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = rf_clamp_f32(a[i * p->a_step] / b[i * p->b_step], p->act_min, p->act_max);
    }
}

RF_DEFINE_BROADCAST(rf_div_s8_broadcast, rf_div_s8_broadcast_params, rf_div_s8, int8_t, int8_t)
RF_DEFINE_BROADCAST(rf_div_s32_broadcast, rf_binary_s32_broadcast_params, rf_div_s32, int32_t, int32_t)
RF_DEFINE_BROADCAST(rf_div_f32_broadcast, rf_binary_f32_broadcast_params, rf_div_f32, float, float)
