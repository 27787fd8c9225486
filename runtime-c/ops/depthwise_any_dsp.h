/*
 * depthwise_any_dsp: depthwise convolution on the DSP extension of int8 with any channels, several filters per channel and any
 * numbers, and of int16 with int8 weights.
 */
#ifndef RF_DEPTHWISE_ANY_DSP_H
#define RF_DEPTHWISE_ANY_DSP_H

#include "../rf.h"

/* Kernel rows that the kernels have room for. */
#define RF_DEPTHWISE_ANY_ROWS 32

/* weights: per four output channels their taps, four bytes each; the last channels are filled up with zeros. */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t in_zero, out_zero, act_min, act_max;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers, *shifts; /* per output channel, as the reference kernel's */
} rf_depthwise_any_s8_dsp_params;

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t act_min, act_max;
    const int8_t *weights;
    const int64_t *bias;
    const int32_t *multipliers, *shifts; /* of rf_dsp_scale_wide */
} rf_depthwise_s16_dsp_params;

void rf_depthwise_any_s8_dsp(const rf_depthwise_any_s8_dsp_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                             int32_t y_end);
void rf_depthwise_s16_dsp(const rf_depthwise_s16_dsp_params *p, const int16_t *in, int16_t *out, int32_t y_begin,
                          int32_t y_end);

#endif
