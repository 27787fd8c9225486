/* layer_norm_int: rows of integers to mean 0 and variance 1, then a scale and a bias per element. */
#ifndef RF_LAYER_NORM_INT_H
#define RF_LAYER_NORM_INT_H

#include "../rf_quant.h"

typedef struct {
    int32_t rows, depth;
    int32_t epsilon; /* epsilon * depth^2 / input scale^2 */
    int32_t shift;
    const int32_t *table; /* per element { scale, bias }: see rf_layer_norm_element */
} rf_layer_norm_s8_params;

/* Floor of the square root, one bit of the result at a time. */
static inline uint32_t rf_square_root(uint64_t x)
{
    uint64_t root = 0, rest = x, bit = UINT64_C(1) << 62;
    while (bit > rest) {
        bit >>= 2;
    }
    for (; bit != 0; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)root;
}

/* What normalises a row: element x becomes x * scale + offset, with 20 fraction bits. */
typedef struct {
    uint32_t scale, offset;
} rf_layer_norm_row;

/*
 * From the sums of a row's elements and of their squares. The variance times depth^2 is depth * squares - sum^2, below 2^40
 * for rows of up to 4096 int8; its root gets 11 fraction bits.
 */
static inline rf_layer_norm_row rf_layer_norm_row_of(const rf_layer_norm_s8_params *p, int32_t sum, int32_t squares)
{
    const int64_t spread = (int64_t)p->depth * squares - (int64_t)sum * sum + p->epsilon;
    const uint32_t root = rf_square_root((uint64_t)(spread > 0 ? spread : 1) << 22);
    const uint64_t scale = (((uint64_t)(uint32_t)p->depth << 31) + root / 2) / root;
    const int64_t limited = scale > INT32_MAX ? INT32_MAX : (int64_t)scale;
    const rf_layer_norm_row row = {(uint32_t)limited, (uint32_t)(-(sum * limited) / p->depth)};
    return row;
}

/*
 * One element: |normalised| <= sqrt(depth), so that the sum is right although the product may leave 32 bits. element: its
 * scale times 2^(12 + shift) over the output's, then its bias and the output's zero point and a half, with `shift` fraction bits.
 */
static inline int8_t rf_layer_norm_element(const rf_layer_norm_row *row, int32_t x, const int32_t *element, int32_t shift)
{
    const int32_t normalised = (int32_t)((uint32_t)x * row->scale + row->offset);
    const int32_t scaled = (int32_t)(((int64_t)normalised * element[0] + (INT64_C(1) << 31)) >> 32);
    return (int8_t)rf_clamp((scaled + element[1]) >> shift, INT8_MIN, INT8_MAX);
}

void rf_layer_norm_s8(const rf_layer_norm_s8_params *p, const int8_t *in, int8_t *out);

#endif
