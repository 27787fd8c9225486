/*
 * softmax_mve: the arithmetic of softmax_table.c on Helium, exponentials gathered from the table. Loop order: row; largest
 * element, sum, one reciprocal, shares. Registers: q0 differences, q1 exponentials. Cost: 4.5 instructions per element and
 * 240 per row.
 */
#include "softmax_mve.h"

#include "../rf_fixed.h"
#include "../rf_mve.h"

enum { SUM_BITS = 12 };

static int32_t largest(const int8_t *in, int32_t depth)
{
    int32_t max = INT8_MIN;
#if RF_MVE_NATIVE
    __asm__ volatile("wlstp.8 lr, %[depth], 2f\n"
                     "1: vldrb.u8 q0, [%[in]], #16\n vmaxv.s8 %[max], q0\n letp lr, 1b\n"
                     "2:"
                     : [in] "+l"(in), [max] "+r"(max)
                     : [depth] "r"(depth)
                     : "lr", "q0", "memory");
#else
    for (int32_t i = 0; i < depth; i++) {
        max = rf_max(max, in[i]);
    }
#endif
    return max;
}

static int32_t sum_of_exponentials(const rf_softmax_mve_params *p, const int8_t *in, int32_t max)
{
#if RF_MVE_NATIVE
    uint32_t total = 0;
    /* Lanes beyond the table load 0. */
    __asm__ volatile("vdup.32 q2, %[max]\n wlstp.32 lr, %[depth], 2f\n"
                     "1: vldrb.s32 q0, [%[in]], #4\n vsub.i32 q0, q2, q0\n vpt.s32 lt, q0, %[count]\n"
                     "vldrwt.u32 q1, [%[table], q0, uxtw #2]\n vrshr.u32 q1, q1, #12\n vaddva.u32 %[total], q1\n"
                     "letp lr, 1b\n"
                     "2:"
                     : [in] "+l"(in), [total] "+Te"(total)
                     : [max] "r"(max), [count] "r"(p->count), [table] "r"(p->table), [depth] "r"(p->depth)
                     : "lr", "q0", "q1", "q2", "cc", "memory");
    return (int32_t)total;
#else
    uint32_t total = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t below = max - in[i];
        if (below < p->count) {
            total += ((uint32_t)p->table[below] + (UINT32_C(1) << (SUM_BITS - 1))) >> SUM_BITS;
        }
    }
    return (int32_t)total;
#endif
}

/* Shares of 1 / 256, from -128 on; shift is at most 31. */
static void shares(const rf_softmax_mve_params *p, const int8_t *in, int8_t *out, int32_t max, int32_t scale,
                   int32_t shift)
{
#if RF_MVE_NATIVE
    __asm__ volatile("vdup.32 q2, %[max]\n vdup.32 q3, %[most]\n wlstp.32 lr, %[depth], 2f\n"
                     "1: vldrb.s32 q0, [%[in]], #4\n vsub.i32 q0, q2, q0\n vpt.s32 lt, q0, %[count]\n"
                     "vldrwt.u32 q1, [%[table], q0, uxtw #2]\n vqrdmulh.s32 q1, q1, %[scale]\n"
                     "vrshl.u32 q1, %[left]\n vmin.u32 q1, q1, q3\n vadd.i32 q1, q1, %[lowest]\n"
                     "vstrb.32 q1, [%[out]], #4\n letp lr, 1b\n"
                     "2:"
                     : [in] "+l"(in), [out] "+l"(out)
                     : [max] "r"(max), [most] "r"(255), [count] "r"(p->count), [table] "r"(p->table),
                       [scale] "r"(scale), [left] "r"(-shift), [lowest] "r"(INT8_MIN), [depth] "r"(p->depth)
                     : "lr", "q0", "q1", "q2", "q3", "cc", "memory");
#else
    const uint32_t half = UINT32_C(1) << (shift - 1);
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t below = max - in[i];
        const uint32_t share = below < p->count ? (uint32_t)rf_mul_high_plain(scale, p->table[below]) : 0;
        out[i] = (int8_t)(rf_min((int32_t)((share + half) >> shift), UINT8_MAX) + INT8_MIN);
    }
#endif
}

void rf_softmax_mve_s8(const rf_softmax_mve_params *p, const int8_t *in, int8_t *out)
{
    for (int32_t row = 0; row < p->rows; row++, in += p->depth, out += p->depth) {
        int32_t bits;
        const int32_t max = largest(in, p->depth);
        const int32_t scale = rf_fixed_reciprocal(sum_of_exponentials(p, in, max), SUM_BITS, &bits);
        const int32_t shift = bits + 31 - 8;
        if (shift <= 31) {
            shares(p, in, out, max, scale, shift);
        } else {
            rf_mve_fill(out, INT8_MIN, p->depth);
        }
    }
}
