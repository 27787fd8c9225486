/* pool2d_dsp: average and maximum over windows of int8 images; equal to the kernels of pool2d.h. */
#ifndef RF_POOL2D_DSP_H
#define RF_POOL2D_DSP_H

#include "../rf.h"

/* The number of channels is a multiple of four, and an average is over at most 255 pixels. */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t act_min, act_max;
} rf_pool2d_int_dsp_params;

void rf_average_pool2d_s8_dsp(const rf_pool2d_int_dsp_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                              int32_t y_end);
void rf_max_pool2d_s8_dsp(const rf_pool2d_int_dsp_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                          int32_t y_end);

#endif
