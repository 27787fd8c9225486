/*
 * depthwise_3x3_dsp: depthwise convolution by 3x3 filters with stride 1 or 2 over int8 images, for Cortex-M with the DSP
 * extension; equal to rf_depthwise_conv2d_s8 where results round down (rf_dsp_scale.h). Channels are a multiple of four.
 */
#ifndef RF_DEPTHWISE_3X3_DSP_H
#define RF_DEPTHWISE_3X3_DSP_H

#include "../rf.h"

/* Fields as in depthwise_conv2d_dsp.h; the window is 3x3 without dilation, its strides are those of the kernel's name. */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t in_zero;
    int32_t act_min, act_max;
    int32_t strip;
    int32_t block; /* output pixels of a channel at a time, 4 or 5 */
    const int8_t *weights; /* per channel the taps 00 01 10 11, 02 20 12 21, 22 (row, column) */
    const int32_t *table;  /* per channel { bias << 8 | shift, multiplier, add } */
} rf_depthwise_3x3_s8_dsp_params;

/* scratch: 24 bytes for each input column of a strip. */
void rf_depthwise_3x3_s1_s8_dsp(const rf_depthwise_3x3_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch,
                                int32_t y_begin, int32_t y_end);
void rf_depthwise_3x3_s2_s8_dsp(const rf_depthwise_3x3_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch,
                                int32_t y_begin, int32_t y_end);

#endif
