/*
 * softmax: reference kernels. Per row: largest element, sum of exponentials, then one division shared by the row. Integer
 * arithmetic of TFLM's reference_ops::Softmax: exponentials in Q0, their sum in Q12, output scale 1/256 or 1/32768.
 */
#include "softmax.h"

#include <math.h>

#include "../rf_fixed.h"

enum { DIFF_BITS = 5, SUM_BITS = 12 };

static int32_t exp_of_difference(const rf_softmax_s8_params *p, int32_t difference)
{
    return rf_fixed_exp(rf_mul_high(rf_shl(difference, p->left_shift), p->multiplier), DIFF_BITS);
}

static int32_t largest(const int8_t *in, int32_t depth)
{
    int32_t max = in[0];
    for (int32_t i = 1; i < depth; i++) {
        max = rf_max(max, in[i]);
    }
    return max;
}

/* 1 / sum of exponentials in Q0, normalised; the true value has *bits more integer bits. */
static int32_t reciprocal_of_sum(const rf_softmax_s8_params *p, const int8_t *in, int32_t max, int32_t *bits)
{
    int32_t total = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t difference = in[i] - max;
        if (difference >= p->diff_min) {
            total += rf_round_shift(exp_of_difference(p, difference), SUM_BITS);
        }
    }
    const int32_t zeros = rf_leading_zeros((uint32_t)total);
    *bits = SUM_BITS - zeros;
    return rf_fixed_one_over_one_plus((int32_t)(((uint32_t)total << zeros) - (UINT32_C(1) << 31)));
}

/* Defines the row loop for an output type of `width` bits. */
#define DEFINE_SOFTMAX(name, T, width, lowest, highest)                                                                \
    void name(const rf_softmax_s8_params *p, const int8_t *in, T *out)                                                 \
    {                                                                                                                  \
        for (int32_t row = 0; row < p->rows; row++, in += p->depth, out += p->depth) {                                 \
            int32_t bits;                                                                                              \
            const int32_t max = largest(in, p->depth);                                                                 \
            const int32_t scale = reciprocal_of_sum(p, in, max, &bits);                                                \
            for (int32_t i = 0; i < p->depth; i++) {                                                                   \
                const int32_t difference = in[i] - max;                                                                \
                int32_t value = (lowest);                                                                              \
                if (difference >= p->diff_min) {                                                                       \
                    const int32_t share = rf_mul_high(scale, exp_of_difference(p, difference));                        \
                    value = rf_clamp(rf_round_shift(share, bits + 31 - (width)) + (lowest), (lowest), (highest));      \
                }                                                                                                      \
                out[i] = (T)value;                                                                                     \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE_SOFTMAX(rf_softmax_s8, int8_t, 8, INT8_MIN, INT8_MAX)
DEFINE_SOFTMAX(rf_softmax_s8_s16, int16_t, 16, INT16_MIN, INT16_MAX)

void rf_softmax_f32(const rf_softmax_f32_params *p, const float *in, float *out)
{
    for (int32_t row = 0; row < p->rows; row++, in += p->depth, out += p->depth) {
        float max = in[0];
        float total = 0.0f;
        for (int32_t i = 1; i < p->depth; i++) {
            max = in[i] > max ? in[i] : max;
        }
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] = expf((in[i] - max) * p->beta);
            total += out[i];
        }
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] /= total;
        }
    }
}
