/*
 * rf_mve.h: what the `mve` kernels (Cortex-M with Helium, the M-profile vector extension) share. On such a core they are
 * instructions, elsewhere plain C that computes the same, so that the kernels can be held against the reference on any host.
 * Semantics: Arm DDI 0553, Armv8-M Architecture Reference Manual.
 *
 * Requantisation equals rf_scale for shifts of 1 to 31 to the right: VQRDMULH is rf_mul_high, VRSHL rounds ties up. Ties of
 * negative numbers must go down: one is subtracted from these first, unless they are clamped away anyway (`rounds_down`).
 */
#ifndef RF_MVE_H
#define RF_MVE_H

#include <string.h>

#include "rf_quant.h"

#if defined(__ARM_FEATURE_MVE) && defined(__GNUC__)
#define RF_MVE_NATIVE 1
#else
#define RF_MVE_NATIVE 0
#endif

/*
 * For functions written in assembly as a whole. noipa: GCC does not read assembly, so it must not conclude from it which
 * registers and arguments such a function uses.
 */
#if defined(__clang__)
#define RF_MVE_ASSEMBLY __attribute__((naked, noinline))
#else
#define RF_MVE_ASSEMBLY __attribute__((naked, noinline, noipa))
#endif

/*
 * Constants of four channels: bias, multiplier, shift (negative: to the right), four of each. The bias holds the input's zero
 * point times the weights. Sums wrap around as the reference kernel's do.
 */
enum { RF_MVE_GROUP = 4, RF_MVE_GROUP_WORDS = 12 };

#if RF_MVE_NATIVE

/* Copies bytes between places that do not overlap. */
static inline void rf_mve_copy(int8_t *to, const int8_t *from, int32_t count)
{
    __asm__ volatile("wlstp.8 lr, %2, 2f\n"
                     "1: vldrb.8 q0, [%1], #16\n vstrb.8 q0, [%0], #16\n letp lr, 1b\n"
                     "2:"
                     : "+r"(to), "+r"(from)
                     : "r"(count)
                     : "lr", "q0", "memory");
}

static inline void rf_mve_fill(int8_t *to, int32_t value, int32_t count)
{
    __asm__ volatile("vdup.8 q0, %1\n wlstp.8 lr, %2, 2f\n"
                     "1: vstrb.8 q0, [%0], #16\n letp lr, 1b\n"
                     "2:"
                     : "+r"(to)
                     : "r"(value), "r"(count)
                     : "lr", "q0", "memory");
}

/* Brings stored results, which are int8 already, into the range of a fused activation. */
static inline void rf_mve_clamp(int8_t *at, int32_t low, int32_t high, int32_t count)
{
    __asm__ volatile("vdup.8 q1, %1\n vdup.8 q2, %2\n wlstp.8 lr, %3, 2f\n"
                     "1: vldrb.8 q0, [%0]\n vmax.s8 q0, q0, q1\n vmin.s8 q0, q0, q2\n vstrb.8 q0, [%0], #16\n letp lr, 1b\n"
                     "2:"
                     : "+r"(at)
                     : "r"(low), "r"(high), "r"(count)
                     : "lr", "q0", "q1", "q2", "memory");
}

#else

static inline void rf_mve_copy(int8_t *to, const int8_t *from, int32_t count) { memcpy(to, from, (size_t)count); }
static inline void rf_mve_fill(int8_t *to, int32_t value, int32_t count) { memset(to, value & 0xFF, (size_t)count); }
static inline void rf_mve_clamp(int8_t *at, int32_t low, int32_t high, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        at[i] = (int8_t)rf_clamp(at[i], low, high);
    }
}

/* What the requantising assembly does to one sum; channel 0 to 3 of a group of constants. */
static inline int8_t rf_mve_requantise(int32_t sum, const int32_t *group, int32_t channel, int32_t zero, int32_t ties_down)
{
    const int32_t high = rf_mul_high(rf_add(sum, group[channel]), group[4 + channel]);
    const int32_t right = -group[8 + channel];
    const int64_t rounded = ((int64_t)high + (ties_down && high < 0 ? -1 : 0) + (INT64_C(1) << (right - 1))) >> right;
    return (int8_t)rf_clamp((int32_t)rounded + zero, INT8_MIN, INT8_MAX);
}

#endif

/*
 * Requantises vectors of sums, one channel of a group in each lane: r0 the group's constants, r2 the output's zero point. Results
 * are the lowest bytes of the lanes. Changes q3 and q4.
 */
#define RF_MVE_CONSTANT "vldrw.u32 q3, [r0], #16\n"
#define RF_MVE_BIAS(q) "vadd.i32 " q ", " q ", q3\n"
#define RF_MVE_HIGH(q) "vqrdmulh.s32 " q ", " q ", q3\n"
#define RF_MVE_SATURATE(q) "vadd.i32 " q ", " q ", r2\n vqmovnb.s32 " q ", " q "\n vqmovnb.s16 " q ", " q "\n"
#define RF_MVE_UP(q) "vrshl.s32 " q ", " q ", q3\n" RF_MVE_SATURATE(q)
#define RF_MVE_AWAY(q) "vshr.s32 q4, " q ", #31\n vadd.i32 " q ", " q ", q4\n vrshl.s32 " q ", " q ", q3\n" RF_MVE_SATURATE(q)
/* Which of them rounds ties of negative numbers down. */
#define RF_MVE_UP_TIES_DOWN 0
#define RF_MVE_AWAY_TIES_DOWN 1

#endif
