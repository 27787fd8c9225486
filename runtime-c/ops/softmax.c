/*
 * softmax: reference kernels. Per row: largest element, sum of exponentials, then one division shared by the row. int8
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
    return rf_fixed_reciprocal(total, SUM_BITS, bits);
}

/* x / 2^n rounded; with many classes n is beyond 31, and every share is less than a half. */
static int32_t rounded_share(int32_t x, int32_t n) { return n > 31 ? 0 : rf_round_shift(x, n); }

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
                    value = rf_clamp(rounded_share(share, bits + 31 - (width)) + (lowest), (lowest), (highest));       \
                }                                                                                                      \
                out[i] = (T)value;                                                                                     \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE_SOFTMAX(rf_softmax_s8, int8_t, 8, INT8_MIN, INT8_MAX)
DEFINE_SOFTMAX(rf_softmax_s8_s16, int16_t, 16, INT16_MIN, INT16_MAX)

/* Linear interpolation in a table of 513 values over all int16 inputs. */
static int32_t interpolate(const int16_t *table, int32_t x)
{
    const int16_t *at = table + 256 + (x >> 7);
    return at[0] + (((at[1] - at[0]) * (x & 0x7F) + 64) >> 7);
}

/* int16: both functions from tables (TFLM reference_ops::SoftmaxInt16). The output holds the exponentials meanwhile. */
void rf_softmax_s16(const rf_softmax_s16_params *p, const int16_t *in, int16_t *out)
{
    for (int32_t row = 0; row < p->rows; row++, in += p->depth, out += p->depth) {
        int32_t max = in[0], total = 0;
        for (int32_t i = 1; i < p->depth; i++) {
            max = rf_max(max, in[i]);
        }
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t x = rf_add(rf_scale(in[i] - max, p->multiplier, p->shift), INT16_MAX);
            out[i] = (int16_t)interpolate(p->exp_table, rf_clamp(x, INT16_MIN, INT16_MAX));
            total += out[i];
        }
        const int32_t zeros = rf_leading_zeros((uint32_t)total);
        const int32_t normalised = (int32_t)((((int64_t)total << (zeros - 1)) + (1 << 13)) >> 14); /* 1..2 in Q16 */
        const int32_t fraction = rf_clamp(normalised - (1 << 15) - (1 << 16), INT16_MIN, INT16_MAX);
        const int32_t scale = interpolate(p->reciprocal_table, fraction);
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t share = (out[i] * scale + (1 << (30 - zeros))) >> (31 - zeros);
            out[i] = (int16_t)rf_clamp(share, 0, INT16_MAX);
        }
    }
}

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
