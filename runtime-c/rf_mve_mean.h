/*
 * rf_mve_mean.h: sums of int8 pixels per channel and their means, on Helium. Sums are 16 bits wide: they hold 256 pixels.
 * Cost: 2.5 instructions per 8 inputs (32 channels at a time), 2.75 per mean.
 */
#ifndef RF_MVE_MEAN_H
#define RF_MVE_MEAN_H

#include "rf_mve.h"

#if RF_MVE_NATIVE

/* Four vectors of eight channels: q0 to q3 sums, q4 to q7 inputs. */
static inline void rf_mve_add_32(int16_t *sums, const int8_t *from, int32_t step, int32_t pixels)
{
    __asm__ volatile("vldrh.u16 q0, [%[sums]]\n vldrh.u16 q1, [%[sums], #16]\n"
                     "vldrh.u16 q2, [%[sums], #32]\n vldrh.u16 q3, [%[sums], #48]\n"
                     "dls lr, %[pixels]\n"
                     "1: vldrb.s16 q4, [%[from]]\n vldrb.s16 q5, [%[from], #8]\n"
                     "vldrb.s16 q6, [%[from], #16]\n vldrb.s16 q7, [%[from], #24]\n"
                     "vadd.i16 q0, q0, q4\n vadd.i16 q1, q1, q5\n vadd.i16 q2, q2, q6\n vadd.i16 q3, q3, q7\n"
                     "add %[from], %[step]\n le lr, 1b\n"
                     "vstrh.16 q0, [%[sums]]\n vstrh.16 q1, [%[sums], #16]\n"
                     "vstrh.16 q2, [%[sums], #32]\n vstrh.16 q3, [%[sums], #48]\n"
                     : [from] "+l"(from)
                     : [sums] "l"(sums), [step] "r"(step), [pixels] "r"(pixels)
                     : "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "memory");
}

/* Up to eight channels. */
static inline void rf_mve_add_8(int16_t *sums, const int8_t *from, int32_t step, int32_t pixels, int32_t channels)
{
    __asm__ volatile("vctp.16 %[channels]\n vpst\n vldrht.u16 q0, [%[sums]]\n dls lr, %[pixels]\n"
                     "1: vpst\n vldrbt.s16 q1, [%[from]]\n vadd.i16 q0, q0, q1\n add %[from], %[step]\n le lr, 1b\n"
                     "vpst\n vstrht.16 q0, [%[sums]]\n"
                     : [from] "+l"(from)
                     : [sums] "l"(sums), [step] "r"(step), [pixels] "r"(pixels), [channels] "r"(channels)
                     : "lr", "q0", "q1", "cc", "memory");
}

#endif

/* Adds 1 or more pixels, `step` bytes from each other, to the sums of `channels` channels. */
static inline void rf_mve_add_pixels(int16_t *sums, const int8_t *from, int32_t step, int32_t pixels, int32_t channels)
{
#if RF_MVE_NATIVE
    int32_t c = 0;
    for (; c + 32 <= channels; c += 32) {
        rf_mve_add_32(sums + c, from + c, step, pixels);
    }
    for (; c < channels; c += 8) {
        rf_mve_add_8(sums + c, from + c, step, pixels, channels - c);
    }
#else
    for (int32_t x = 0; x < pixels; x++, from += step) {
        for (int32_t c = 0; c < channels; c++) {
            sums[c] = (int16_t)(sums[c] + from[c]);
        }
    }
#endif
}

/*
 * Means of 1 to 256 pixels, rounded half away from zero and clamped. The numerator n = |sum| + count / 2 is at most 128.5 count
 * and the factor exceeds 2^24 / count by at most 1: n * factor exceeds n / count * 2^24 by at most n, which is less than the
 * 2^24 / count that separate it from the next quotient; the product fits 32 bits without sign.
 */
static inline void rf_mve_means(int8_t *out, const int16_t *sums, int32_t count, int32_t channels, int32_t act_min,
                                int32_t act_max)
{
    const int32_t factor = (1 << 24) / count + 1;
#if RF_MVE_NATIVE
    int8_t *to = out;
    __asm__ volatile("wlstp.32 lr, %[channels], 2f\n"
                     "1: vldrh.s32 q0, [%[sums]], #8\n vabs.s32 q1, q0\n vadd.i32 q1, q1, %[half]\n"
                     "vmul.i32 q1, q1, %[factor]\n vshr.u32 q1, q1, #24\n vpt.s32 lt, q0, zr\n vnegt.s32 q1, q1\n"
                     "vqmovnb.s32 q1, q1\n vqmovnb.s16 q1, q1\n vstrb.32 q1, [%[to]], #4\n letp lr, 1b\n"
                     "2:"
                     : [sums] "+l"(sums), [to] "+l"(to)
                     : [half] "r"(count / 2), [factor] "r"(factor), [channels] "r"(channels)
                     : "lr", "q0", "q1", "cc", "memory");
#else
    for (int32_t c = 0; c < channels; c++) {
        const uint32_t size = (uint32_t)(sums[c] < 0 ? -sums[c] : sums[c]) + (uint32_t)(count / 2);
        const int32_t mean = (int32_t)(size * (uint32_t)factor >> 24);
        out[c] = (int8_t)rf_clamp(sums[c] < 0 ? -mean : mean, INT8_MIN, INT8_MAX);
    }
#endif
    if (act_min != INT8_MIN || act_max != INT8_MAX) {
        rf_mve_clamp(out, act_min, act_max, channels);
    }
}

#endif
