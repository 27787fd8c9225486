/*
 * layer_norm_int: reference kernel. Per row: sums, then one square root and one division, then every element by itself, so that
 * a row may be written over itself. The result differs from the real function by at most 0.51 of the output's unit.
 */
#include "layer_norm_int.h"

void rf_layer_norm_s8(const rf_layer_norm_s8_params *p, const int8_t *in, int8_t *out)
{
    for (int32_t r = 0; r < p->rows; r++, in += p->depth, out += p->depth) {
        int32_t sum = 0, squares = 0;
        for (int32_t i = 0; i < p->depth; i++) {
            sum += in[i];
            squares += in[i] * in[i];
        }
        const rf_layer_norm_row row = rf_layer_norm_row_of(p, sum, squares);
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] = rf_layer_norm_element(&row, in[i], p->table + 2 * i, p->shift);
        }
    }
}
