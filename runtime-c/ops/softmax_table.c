/*
 * softmax_table: the arithmetic of softmax.c for int8 inputs, whose difference to the largest element takes 256 values at most:
 * their exponentials come from a table. Per row: largest element, sum, one reciprocal, shares. Cost on a Cortex-M4: 25
 * instructions per element and 250 per row.
 */
#include "softmax_table.h"

#include "../rf_fixed.h"

enum { SUM_BITS = 12 };

static int32_t largest(const int8_t *in, int32_t depth)
{
    int32_t max = in[0];
    for (int32_t i = 1; i < depth; i++) {
        max = rf_max(max, in[i]);
    }
    return max;
}

static int32_t sum_of_exponentials(const rf_softmax_table_params *p, const int8_t *in, int32_t max)
{
    const int32_t *table = p->table;
    const int32_t count = p->count;
    uint32_t total = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t below = max - in[i];
        if (below < count) {
            total += ((uint32_t)table[below] + (UINT32_C(1) << (SUM_BITS - 1))) >> SUM_BITS;
        }
    }
    return (int32_t)total;
}

/* Defines the row loop for an output type of `width` bits. A share is positive, so rounding needs no look at its sign. */
#define DEFINE_SOFTMAX(name, T, width, lowest, highest)                                                                \
    void name(const rf_softmax_table_params *p, const int8_t *in, T *out)                                              \
    {                                                                                                                  \
        const rf_softmax_table_params q = *p;                                                                          \
        for (int32_t row = 0; row < q.rows; row++, in += q.depth, out += q.depth) {                                    \
            int32_t bits;                                                                                              \
            const int32_t max = largest(in, q.depth);                                                                  \
            const int32_t scale = rf_fixed_reciprocal(sum_of_exponentials(&q, in, max), SUM_BITS, &bits);              \
            const int32_t shift = bits + 31 - (width);                                                                 \
            const uint32_t half = UINT32_C(1) << (shift - 1);                                                          \
            for (int32_t i = 0; i < q.depth; i++) {                                                                    \
                const int32_t below = max - in[i];                                                                     \
                int32_t value = (lowest);                                                                              \
                if (below < q.count && shift <= 31) {                                                                  \
                    const uint32_t share = (uint32_t)rf_mul_high_plain(scale, q.table[below]);                         \
                    value = rf_min((int32_t)((share + half) >> shift) + (lowest), (highest));                          \
                }                                                                                                      \
                out[i] = (T)value;                                                                                     \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE_SOFTMAX(rf_softmax_table_s8, int8_t, 8, INT8_MIN, INT8_MAX)
DEFINE_SOFTMAX(rf_softmax_table_s8_s16, int16_t, 16, INT16_MIN, INT16_MAX)
