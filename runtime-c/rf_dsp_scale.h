/*
 * rf_dsp_scale.h: requantisation of the `dsp` kernels. It equals rf_scale, a product with multiplier m, rounded (ties up),
 * shifted right by n >= 1 and rounded again (ties away from zero), in four or five instructions, SSAT included:
 *  - round: SMMLAR(2 x, m) is the first step in one instruction; adding the sign (-1 or 0) makes ties of negative numbers
 *    round down; the addend holds 2^(n-1) and the output's zero point << n, and SSAT is the range of int8.
 *  - floor, when negative results are clamped away: for the others floor((floor(a / b) + c) / d) = floor((a / b + c) / d)
 *    makes both roundings one, floor(x m 2^(-31-n) + 2^(-n-1) + 1/2). With x times 256 the sum 2^6 + 2^(n+6) fits the addend
 *    of SMMLA exactly, and the shift is n + 7.
 * src/ops/dsp/requantise.ts makes the constants and refuses what is not exact.
 */
#ifndef RF_DSP_SCALE_H
#define RF_DSP_SCALE_H

#include "rf_dsp.h"

RF_DSP_INLINE int8_t rf_dsp_scale_floor(int32_t sum_times_256, int32_t multiplier, int32_t add, int32_t shift)
{
    return (int8_t)rf_dsp_ssat8(rf_dsp_smmla(sum_times_256, multiplier, add) >> shift);
}

RF_DSP_INLINE int8_t rf_dsp_scale_round(int32_t doubled, int32_t multiplier, int32_t add, int32_t shift)
{
    return (int8_t)rf_dsp_ssat8((rf_dsp_smmlar(doubled, multiplier, add) + (doubled >> 31)) >> shift);
}

/*
 * The same for a pair of channels in assembly, see rf_dsp_panel.h: a register with the sum of channel 0, one with 256 times the
 * sum of channel 1; r2 multiplier, r3 addend, r12 shift, lr free.
 */
#define RF_SCALE_FLOOR0(a) "lsl " a ", " a ", #8\n" RF_SCALE_FLOOR1(a)
#define RF_SCALE_FLOOR1(b) "smmla " b ", " b ", r2, r3\n asr " b ", " b ", r12\n ssat " b ", #8, " b "\n"
#define RF_SCALE_ROUND0(a) "lsl " a ", " a ", #1\n" RF_SCALE_ROUND(a)
#define RF_SCALE_ROUND1(b) "asr " b ", " b ", #7\n" RF_SCALE_ROUND(b)
#define RF_SCALE_ROUND(x)                                                                                              \
    "smmlar lr, " x ", r2, r3\n add lr, lr, " x ", asr #31\n asr lr, lr, r12\n ssat " x ", #8, lr\n"

/* Which of them rounds down. */
#define RF_SCALE_FLOOR_DOWN 1
#define RF_SCALE_ROUND_DOWN 0

#endif
