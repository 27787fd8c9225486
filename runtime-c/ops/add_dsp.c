/*
 * add_dsp: int8 addition on the DSP extension. One pass, four elements to a word. rf_scale of one operand and of the sum are
 * SMMLAR (product, rounding and addend in one), the sign for ties, and a shift; the other operand is only shifted, which the
 * addition does on the way. Registers: the constants stay in nine of them. Cost on a Cortex-M4: 16 instructions per element.
 */
#include "add_dsp.h"

#include "../rf_dsp.h"

/* `twice` doubled sums: the multiplication takes 32 of 64 bits where rf_mul_high takes 31 bits off. */
RF_DSP_INLINE int32_t sum(const rf_add_s8_dsp_params *p, int32_t plain, int32_t scaled, int32_t half)
{
    int32_t part = rf_dsp_smmlar(rf_shl(scaled, 21) - p->scaled_zero, p->scaled_multiplier, 0);
    if (half != 0) {
        part = (part + (part >> 31) + half) >> p->scaled_shift;
    }
    const int32_t twice = rf_shl(plain, 20) - p->plain_zero + rf_shl(part, 1);
    const int32_t result = rf_dsp_smmlar(twice, p->out_multiplier, p->out_add) + (twice >> 31);
    return rf_dsp_ssat8(result >> p->out_shift);
}

RF_DSP_INLINE int32_t byte_of(int32_t word, int32_t n) { return (int32_t)((uint32_t)word << (24 - 8 * n)) >> 24; }

void rf_add_s8_dsp(const rf_add_s8_dsp_params *p, const int8_t *plain, const int8_t *scaled, int8_t *out, int32_t count)
{
    const rf_add_s8_dsp_params q = *p;
    const int32_t half = q.scaled_shift > 0 ? (int32_t)1 << (q.scaled_shift - 1) : 0;
    int32_t i = 0;
    if (half != 0) {
        for (; i + 4 <= count; i += 4) {
            const int32_t a = rf_dsp_load(plain + i), b = rf_dsp_load(scaled + i);
            out[i] = (int8_t)sum(&q, byte_of(a, 0), byte_of(b, 0), half);
            out[i + 1] = (int8_t)sum(&q, byte_of(a, 1), byte_of(b, 1), half);
            out[i + 2] = (int8_t)sum(&q, byte_of(a, 2), byte_of(b, 2), half);
            out[i + 3] = (int8_t)sum(&q, byte_of(a, 3), byte_of(b, 3), half);
        }
    }
    for (; i < count; i++) {
        out[i] = (int8_t)sum(&q, plain[i], scaled[i], half);
    }
    if (q.act_min != INT8_MIN || q.act_max != INT8_MAX) {
        for (i = 0; i < count; i++) {
            out[i] = (int8_t)rf_clamp(out[i], q.act_min, q.act_max);
        }
    }
}
