/*
 * depthwise_conv2d_dsp: one filter per channel over int8 images, for Cortex-M with the DSP extension; equal to
 * rf_depthwise_conv2d_s8. The number of channels is a multiple of four.
 */
#ifndef RF_DEPTHWISE_CONV2D_DSP_H
#define RF_DEPTHWISE_CONV2D_DSP_H

#include "../rf.h"

/*
 * weights: channel by channel, kernel_h * kernel_w bytes each. Kernel rows are taken in twos (0 with 1, 2 with 3, ...), and
 * of two rows the taps one after the other: upper, lower. Two taps are interleaved (upper, upper, lower, lower), a last one
 * stands alone. The bytes of an odd last row follow.
 * table: per channel { bias << 8 | shift, multiplier, add }; the bias includes the input's zero point.
 */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t in_zero;
    int32_t act_min, act_max;
    int32_t rounds_down; /* 1: negative results are clamped away, so that ties may round up */
    int32_t strip;       /* output pixels that are computed together */
    const int8_t *weights;
    const int32_t *table;
} rf_depthwise_conv2d_s8_dsp_params;

/*
 * Kernels for square filters (3x3 has files of its own) with equal strides, no dilation and results that round down, and one for all. scratch: 4 * kernel_h / 2 rounded up *
 * kernel_w words of unpacked weights, then for each input column of a strip 4 words per two kernel rows and 2 for an odd one.
 */
void rf_depthwise_conv2d_s8_dsp_5x5_s1(const rf_depthwise_conv2d_s8_dsp_params *p, const int8_t *in, int8_t *out,
                                       void *scratch, int32_t y_begin, int32_t y_end);
void rf_depthwise_conv2d_s8_dsp_5x5_s2(const rf_depthwise_conv2d_s8_dsp_params *p, const int8_t *in, int8_t *out,
                                       void *scratch, int32_t y_begin, int32_t y_end);
void rf_depthwise_conv2d_s8_dsp_7x7_s1(const rf_depthwise_conv2d_s8_dsp_params *p, const int8_t *in, int8_t *out,
                                       void *scratch, int32_t y_begin, int32_t y_end);
void rf_depthwise_conv2d_s8_dsp_7x7_s2(const rf_depthwise_conv2d_s8_dsp_params *p, const int8_t *in, int8_t *out,
                                       void *scratch, int32_t y_begin, int32_t y_end);
void rf_depthwise_conv2d_s8_dsp(const rf_depthwise_conv2d_s8_dsp_params *p, const int8_t *in, int8_t *out,
                                void *scratch, int32_t y_begin, int32_t y_end);

#endif
