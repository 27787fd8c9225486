/*
 * rf_dsp.h: the instructions of the Arm DSP extension (Cortex-M4, M7, M33) that the `dsp` kernel set is made of, each as
 * a function that computes the same everywhere: with the instruction where the compiler has it, else in plain C, so that
 * the kernels can be held against the reference on any host. Semantics: Arm DDI 0403, ARMv7-M Architecture Reference Manual.
 */
#ifndef RF_DSP_H
#define RF_DSP_H

#include <string.h>

#include "rf_quant.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32) && defined(__GNUC__) && !defined(__aarch64__)
#define RF_DSP_NATIVE 1
#include <arm_acle.h>
#else
#define RF_DSP_NATIVE 0
#endif

/* For bodies that become fast when their arguments are constants. */
#if defined(__GNUC__)
#define RF_DSP_INLINE static inline __attribute__((always_inline))
#else
#define RF_DSP_INLINE static inline
#endif

/*
 * For functions written in assembly as a whole. noipa: GCC does not read assembly, so it must not conclude from it which
 * registers and arguments such a function uses.
 */
#if defined(__clang__)
#define RF_DSP_ASSEMBLY __attribute__((naked, noinline))
#else
#define RF_DSP_ASSEMBLY __attribute__((naked, noinline, noipa))
#endif

/* Four bytes from any address; the cores read unaligned words. */
static inline int32_t rf_dsp_load(const int8_t *from)
{
    int32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

/* The lower and the upper 16 bits of a word as signed numbers, and a word made of two. */
static inline int32_t rf_dsp_low(int32_t x) { return (int16_t)(uint16_t)((uint32_t)x & 0xFFFFu); }
static inline int32_t rf_dsp_high(int32_t x) { return (int16_t)(uint16_t)((uint32_t)x >> 16); }
static inline int32_t rf_dsp_pair(int32_t low, int32_t high)
{
    return (int32_t)(((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16));
}

/* Sum and difference that wrap around as registers do. */
static inline int32_t rf_dsp_add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }
static inline int32_t rf_dsp_sub(int32_t a, int32_t b) { return (int32_t)((uint32_t)a - (uint32_t)b); }

#if RF_DSP_NATIVE

/* Bytes 0 and 2, sign-extended to halves. */
static inline int32_t rf_dsp_sxtb16(int32_t x) { return __sxtb16(x); }

/* Bytes 1 and 3, sign-extended to halves. */
static inline int32_t rf_dsp_sxtb16_odd(int32_t x)
{
    int32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(x));
    return result;
}

/* Bytes 0 and 2, or 1 and 3, sign-extended and added to the halves of acc. */
static inline int32_t rf_dsp_sxtab16(int32_t acc, int32_t x) { return __sxtab16(acc, x); }
static inline int32_t rf_dsp_sxtab16_odd(int32_t acc, int32_t x)
{
    int32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(acc), "r"(x));
    return result;
}

/* acc + low * low + high * high */
static inline int32_t rf_dsp_smlad(int32_t a, int32_t b, int32_t acc) { return __smlad(a, b, acc); }

/* acc + half of a * half of b: B is the lower, T the upper half. */
static inline int32_t rf_dsp_smlabb(int32_t a, int32_t b, int32_t acc) { return __smlabb(a, b, acc); }
static inline int32_t rf_dsp_smlabt(int32_t a, int32_t b, int32_t acc) { return __smlabt(a, b, acc); }
static inline int32_t rf_dsp_smlatb(int32_t a, int32_t b, int32_t acc) { return __smlatb(a, b, acc); }
static inline int32_t rf_dsp_smlatt(int32_t a, int32_t b, int32_t acc) { return __smlatt(a, b, acc); }

/* acc + (a * b) >> 32, rounded down, or to nearest with ties up. */
static inline int32_t rf_dsp_smmla(int32_t a, int32_t b, int32_t acc)
{
    int32_t result;
    __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
    return result;
}
static inline int32_t rf_dsp_smmlar(int32_t a, int32_t b, int32_t acc)
{
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
    return result;
}

/* (low half of a, low half of b) and (high half of a, high half of b) */
static inline int32_t rf_dsp_pack_low(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
    return result;
}
static inline int32_t rf_dsp_pack_high(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(b), "r"(a));
    return result;
}

/* Nearest number of 8 bits. */
static inline int32_t rf_dsp_ssat8(int32_t x) { return __ssat(x, 8); }

/* Of four signed bytes each, the larger and the smaller. */
static inline int32_t rf_dsp_max4(int32_t a, int32_t b)
{
    __ssub8(a, b);
    return (int32_t)__sel((uint8x4_t)a, (uint8x4_t)b);
}
static inline int32_t rf_dsp_min4(int32_t a, int32_t b)
{
    __ssub8(b, a);
    return (int32_t)__sel((uint8x4_t)a, (uint8x4_t)b);
}

#else

static inline int32_t rf_dsp_byte(int32_t x, int32_t n) { return (int8_t)(uint8_t)(((uint32_t)x >> (8 * n)) & 0xFFu); }
static inline int32_t rf_dsp_sxtb16(int32_t x) { return rf_dsp_pair(rf_dsp_byte(x, 0), rf_dsp_byte(x, 2)); }
static inline int32_t rf_dsp_sxtb16_odd(int32_t x) { return rf_dsp_pair(rf_dsp_byte(x, 1), rf_dsp_byte(x, 3)); }
static inline int32_t rf_dsp_add_halves(int32_t a, int32_t b)
{
    return rf_dsp_pair(rf_dsp_low(a) + rf_dsp_low(b), rf_dsp_high(a) + rf_dsp_high(b));
}
static inline int32_t rf_dsp_sxtab16(int32_t acc, int32_t x) { return rf_dsp_add_halves(acc, rf_dsp_sxtb16(x)); }
static inline int32_t rf_dsp_sxtab16_odd(int32_t acc, int32_t x)
{
    return rf_dsp_add_halves(acc, rf_dsp_sxtb16_odd(x));
}
static inline int32_t rf_dsp_smlabb(int32_t a, int32_t b, int32_t acc)
{
    return rf_dsp_add(acc, rf_dsp_low(a) * rf_dsp_low(b));
}
static inline int32_t rf_dsp_smlabt(int32_t a, int32_t b, int32_t acc)
{
    return rf_dsp_add(acc, rf_dsp_low(a) * rf_dsp_high(b));
}
static inline int32_t rf_dsp_smlatb(int32_t a, int32_t b, int32_t acc)
{
    return rf_dsp_add(acc, rf_dsp_high(a) * rf_dsp_low(b));
}
static inline int32_t rf_dsp_smlatt(int32_t a, int32_t b, int32_t acc)
{
    return rf_dsp_add(acc, rf_dsp_high(a) * rf_dsp_high(b));
}
static inline int32_t rf_dsp_smlad(int32_t a, int32_t b, int32_t acc)
{
    return rf_dsp_smlatt(a, b, rf_dsp_smlabb(a, b, acc));
}
static inline int32_t rf_dsp_smmla(int32_t a, int32_t b, int32_t acc)
{
    return rf_dsp_add(acc, (int32_t)(((int64_t)a * b) >> 32));
}
static inline int32_t rf_dsp_smmlar(int32_t a, int32_t b, int32_t acc)
{
    return rf_dsp_add(acc, (int32_t)(((int64_t)a * b + (INT64_C(1) << 31)) >> 32));
}
static inline int32_t rf_dsp_pack_low(int32_t a, int32_t b) { return rf_dsp_pair(a, b); }
static inline int32_t rf_dsp_pack_high(int32_t a, int32_t b) { return rf_dsp_pair(rf_dsp_high(a), rf_dsp_high(b)); }
static inline int32_t rf_dsp_ssat8(int32_t x) { return rf_clamp(x, INT8_MIN, INT8_MAX); }
static inline int32_t rf_dsp_pick4(int32_t a, int32_t b, int32_t sign)
{
    uint32_t result = 0;
    for (int32_t n = 0; n < 4; n++) {
        const int32_t x = rf_dsp_byte(a, n), y = rf_dsp_byte(b, n);
        result |= ((uint32_t)((x - y) * sign > 0 ? x : y) & 0xFFu) << (8 * n);
    }
    return (int32_t)result;
}
static inline int32_t rf_dsp_max4(int32_t a, int32_t b) { return rf_dsp_pick4(a, b, 1); }
static inline int32_t rf_dsp_min4(int32_t a, int32_t b) { return rf_dsp_pick4(a, b, -1); }

#endif
#endif
