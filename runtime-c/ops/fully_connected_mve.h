/* fully_connected_mve: int8 rows times weights on Cortex-M with Helium; equal to rf_fully_connected_s8. */
#ifndef RF_FULLY_CONNECTED_MVE_H
#define RF_FULLY_CONNECTED_MVE_H

#include "../rf.h"

/* Weights and table as in rf_mve_panel.h; rows of outputs that make no whole group follow in order. */
typedef struct {
    int32_t rows, in_count, out_count;
    int32_t out_zero;
    int32_t act_min, act_max;
    int32_t rounds_down;
    const int8_t *weights;
    const int32_t *table;
} rf_fully_connected_s8_mve_params;

void rf_fully_connected_s8_mve(const rf_fully_connected_s8_mve_params *p, const int8_t *in, int8_t *out);

#endif
