/* fully_connected_dsp: int8 rows times weights for Cortex-M with the DSP extension; equal to rf_fully_connected_s8. */
#ifndef RF_FULLY_CONNECTED_DSP_H
#define RF_FULLY_CONNECTED_DSP_H

#include "../rf.h"

/*
 * The number of inputs is a multiple of four. Weights and table as in rf_dsp_panel.h; four pairs of channels stand together,
 * one word of each in turn, the pairs that remain one by one.
 */
typedef struct {
    int32_t rows, in_count, out_count;
    int32_t act_min, act_max;
    int32_t rounds_down;
    const int8_t *weights;
    const int32_t *table;
} rf_fully_connected_s8_dsp_params;

void rf_fully_connected_s8_dsp(const rf_fully_connected_s8_dsp_params *p, const int8_t *in, int8_t *out);

#endif
