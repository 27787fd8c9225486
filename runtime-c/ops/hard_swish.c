/* hard_swish: reference kernels, one pass in order. int8 computes in 16 bits (TFLM reference_ops::HardSwish). */
#include "hard_swish.h"

#include "../rf_quant.h"

/* round(a * b / 2^15) for 16-bit a and b, b positive; ties towards +infinity as gemmlowp rounds them. */
static int32_t mul_high_16(int32_t a, int32_t b)
{
    const int32_t product = a * b;
    return (product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15);
}

static int32_t shift_left_16(int32_t x, int32_t n)
{
    const int64_t shifted = (int64_t)x * ((int64_t)1 << n);
    return shifted > INT16_MAX ? INT16_MAX : shifted < INT16_MIN ? INT16_MIN : (int32_t)shifted;
}

/* clamp(x + 3, 0, 6) / 6 in Q15. Only the last left shift may saturate a result that counts. */
static int32_t gate(const rf_hard_swish_s8_params *p, int32_t x)
{
    if (p->gate_shift > 0) {
        x = shift_left_16(x, p->gate_shift - 1);
    }
    x = mul_high_16(x, p->gate_multiplier);
    x = p->gate_shift > 0 ? shift_left_16(x, 1) : rf_round_shift(x, -p->gate_shift);
    return (x + (1 << 15)) >> 1;
}

void rf_hard_swish_s8(const rf_hard_swish_s8_params *p, const int8_t *in, int8_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const int32_t x = (in[i] - p->in_zero) * (1 << 7);
        const int32_t product = gate(p, x) * mul_high_16(x, p->out_multiplier) / (1 << 15); /* towards 0 */
        out[i] = (int8_t)rf_clamp(rf_round_shift(product, -p->out_shift) + p->out_zero, INT8_MIN, INT8_MAX);
    }
}

void rf_hard_swish_f32(const float *in, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = in[i] * rf_clamp_f32(in[i] + 3.0f, 0.0f, 6.0f) / 6.0f;
    }
}
