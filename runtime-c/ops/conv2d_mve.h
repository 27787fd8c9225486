/* conv2d_mve: convolutions of int8 images on Cortex-M with Helium; equal to rf_conv2d_s8 without groups. */
#ifndef RF_CONV2D_MVE_H
#define RF_CONV2D_MVE_H

#include "../rf.h"

/* At most 16 rows of a filter. Weights and table as in rf_mve_panel.h; rows of channels that make no whole group follow in order. */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t in_zero, out_zero;
    int32_t act_min, act_max;
    int32_t rounds_down;
    const int8_t *weights;
    const int32_t *table;
} rf_conv2d_s8_mve_params;

/* scratch: the inputs of three pixels. Results are stored after all inputs of their pixels have been read. */
void rf_conv2d_s8_mve(const rf_conv2d_s8_mve_params *p, const int8_t *in, int8_t *out, void *scratch, int32_t y_begin,
                      int32_t y_end);

#endif
