/*
 * rf_dsp_dot.h: products of int8 weights with columns of 16-bit inputs, for the `dsp` kernels that take any numbers: 16-bit
 * activations, groups, any multiplier, any weights. (Where the numbers allow it, rf_dsp_panel.h is faster.)
 *
 * A column holds the inputs of a window in order, filled up to a multiple of four; a word of weights holds four inputs {0, 2, 1,
 * 3} of a channel, so that SXTB16 gives the pairs (0, 1) and (2, 3). Words of two or four channels are interleaved.
 * Sums of 508 products of 16 and 8 bits fit 32 bits; the wide functions add them up in 64.
 * Cost on a Cortex-M4 per MAC: two channels of two pixels 1.4 instructions, four channels of one pixel 1.7.
 */
#ifndef RF_DSP_DOT_H
#define RF_DSP_DOT_H

#include "rf_dsp.h"

/* Words of a column whose products fit 32 bits for certain. */
enum { RF_DSP_DOT_WORDS = 127 };

static inline int32_t rf_dsp_load16(const int16_t *from)
{
    int32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

/* Four inputs (x0, x1) of one channel, whose words of weights are at w. */
RF_DSP_INLINE int32_t rf_dsp_dot4(int32_t w, int32_t x0, int32_t x1, int32_t sum)
{
    return rf_dsp_smlad(rf_dsp_sxtb16_odd(w), x1, rf_dsp_smlad(rf_dsp_sxtb16(w), x0, sum));
}

/* sums: channels 0 and 1 of pixel x, then of pixel y. */
RF_DSP_INLINE void rf_dsp_dot22(const int8_t *w, const int16_t *x, const int16_t *y, int32_t words, int32_t *sums)
{
    int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    for (const int8_t *end = w + 8 * words; w != end; w += 8, x += 4, y += 4) {
        const int32_t w0 = rf_dsp_load(w), w1 = rf_dsp_load(w + 4);
        const int32_t a0 = rf_dsp_sxtb16(w0), a1 = rf_dsp_sxtb16_odd(w0);
        const int32_t b0 = rf_dsp_sxtb16(w1), b1 = rf_dsp_sxtb16_odd(w1);
        const int32_t x0 = rf_dsp_load16(x), y0 = rf_dsp_load16(y);
        s0 = rf_dsp_smlad(a0, x0, s0);
        s1 = rf_dsp_smlad(b0, x0, s1);
        s2 = rf_dsp_smlad(a0, y0, s2);
        s3 = rf_dsp_smlad(b0, y0, s3);
        const int32_t x1 = rf_dsp_load16(x + 2), y1 = rf_dsp_load16(y + 2);
        s0 = rf_dsp_smlad(a1, x1, s0);
        s1 = rf_dsp_smlad(b1, x1, s1);
        s2 = rf_dsp_smlad(a1, y1, s2);
        s3 = rf_dsp_smlad(b1, y1, s3);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* sums: channels 0 to 3 of one pixel. */
RF_DSP_INLINE void rf_dsp_dot41(const int8_t *w, const int16_t *x, int32_t words, int32_t *sums)
{
    int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    for (const int8_t *end = w + 16 * words; w != end; w += 16, x += 4) {
        const int32_t x0 = rf_dsp_load16(x), x1 = rf_dsp_load16(x + 2);
        s0 = rf_dsp_dot4(rf_dsp_load(w), x0, x1, s0);
        s1 = rf_dsp_dot4(rf_dsp_load(w + 4), x0, x1, s1);
        s2 = rf_dsp_dot4(rf_dsp_load(w + 8), x0, x1, s2);
        s3 = rf_dsp_dot4(rf_dsp_load(w + 12), x0, x1, s3);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

RF_DSP_INLINE void rf_dsp_dot22_wide(const int8_t *w, const int16_t *x, const int16_t *y, int32_t words, int64_t *sums)
{
    for (int32_t n; words > 0; words -= n, w += 8 * n, x += 4 * n, y += 4 * n) {
        int32_t part[4] = {0, 0, 0, 0};
        n = rf_min(words, RF_DSP_DOT_WORDS);
        rf_dsp_dot22(w, x, y, n, part);
        for (int32_t i = 0; i < 4; i++) {
            sums[i] += part[i];
        }
    }
}

RF_DSP_INLINE void rf_dsp_dot41_wide(const int8_t *w, const int16_t *x, int32_t words, int64_t *sums)
{
    for (int32_t n; words > 0; words -= n, w += 16 * n, x += 4 * n) {
        int32_t part[4] = {0, 0, 0, 0};
        n = rf_min(words, RF_DSP_DOT_WORDS);
        rf_dsp_dot41(w, x, n, part);
        for (int32_t i = 0; i < 4; i++) {
            sums[i] += part[i];
        }
    }
}

/* Widens `count` bytes to 16 bits, in order. */
RF_DSP_INLINE void rf_dsp_widen(int16_t *to, const int8_t *from, int32_t count)
{
    for (; count >= 4; count -= 4, from += 4, to += 4) {
        const int32_t word = rf_dsp_load(from);
        const int32_t even = rf_dsp_sxtb16(word), odd = rf_dsp_sxtb16_odd(word);
        const int32_t first = rf_dsp_pack_low(even, odd), second = rf_dsp_pack_high(even, odd);
        memcpy(to, &first, sizeof first);
        memcpy(to + 2, &second, sizeof second);
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
}

static inline void rf_dsp_fill(int16_t *to, int16_t value, int32_t count)
{
    for (; count > 0; count--) {
        *to++ = value;
    }
}

/* Results from the constants of a channel, as the reference kernels scale them. */
RF_DSP_INLINE int32_t rf_dsp_result_s8(int32_t sum, int32_t multiplier, int32_t shift, int32_t zero)
{
    return rf_add(rf_scale(sum, multiplier, shift), zero);
}

/* round(x * multiplier / 2^shift) as rf_scale_wide, from its reduced multiplier of 15 bits and its whole shift of 8 to 46. */
RF_DSP_INLINE int32_t rf_dsp_scale_wide(int64_t x, int32_t multiplier, int32_t shift)
{
    const uint64_t low = (uint64_t)(uint32_t)x * (uint32_t)multiplier;
    const uint32_t high = (uint32_t)(x >> 32) * (uint32_t)multiplier + (uint32_t)(low >> 32);
    const int64_t product = (int64_t)((uint64_t)high << 32 | (uint32_t)low);
    return (int32_t)(((product >> (shift - 1)) + 1) >> 1);
}

/* Narrow: multiplier and shift of the reference kernel; else those of rf_dsp_scale_wide. */
RF_DSP_INLINE int32_t rf_dsp_result_s16(int64_t sum, int32_t multiplier, int32_t shift, int32_t narrow)
{
    return narrow ? rf_scale((int32_t)sum, multiplier, shift) : rf_dsp_scale_wide(sum, multiplier, shift);
}

#endif
