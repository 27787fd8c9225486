/*
 * depthwise_conv2d_dsp: one filter per channel over int8 images, for Cortex-M with the DSP extension; equal to
 * rf_depthwise_conv2d_s8. The number of channels is a multiple of four.
 */
#ifndef RF_DEPTHWISE_CONV2D_DSP_H
#define RF_DEPTHWISE_CONV2D_DSP_H

#include "../rf.h"

/* Kernel rows of a filter, at most. */
enum { RF_DEPTHWISE_DSP_ROWS = 16 };

/*
 * weights: for each four channels [kernel row][kernel column][channel].
 * table: for each four channels { biases, multipliers, addends, shifts as bytes }, 13 words.
 */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t in_zero;
    int32_t act_min, act_max;
    int32_t rounds_down; /* 1: negative results are clamped away, so that ties may round up */
    const int8_t *weights;
    const int32_t *table;
} rf_depthwise_conv2d_s8_dsp_params;

void rf_depthwise_conv2d_s8_dsp(const rf_depthwise_conv2d_s8_dsp_params *p, const int8_t *in, int8_t *out,
                                int32_t y_begin, int32_t y_end);

#endif
