/*
 * depthwise_conv2d: every input channel is convolved by `multiplier` filters of its own; NHWC, weights
 * [kernel row][kernel column][output channel].
 */
#ifndef RF_DEPTHWISE_CONV2D_H
#define RF_DEPTHWISE_CONV2D_H

#include "../rf.h"

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t in_zero, out_zero, act_min, act_max;
    const int8_t *weights;
    const int32_t *bias; /* NULL: none */
    const int32_t *multipliers, *shifts; /* per output channel */
} rf_depthwise_conv2d_s8_params;

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t act_min, act_max;
    const int8_t *weights;
    const int64_t *bias; /* NULL: none */
    const int32_t *multipliers, *shifts;
} rf_depthwise_conv2d_s16_params;

typedef struct {
    rf_plane in, out;
    rf_window window;
    float act_min, act_max;
    const float *weights;
    const float *bias; /* NULL: none */
} rf_depthwise_conv2d_f32_params;

void rf_depthwise_conv2d_s8(const rf_depthwise_conv2d_s8_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                            int32_t y_end);
void rf_depthwise_conv2d_s16(const rf_depthwise_conv2d_s16_params *p, const int16_t *in, int16_t *out, int32_t y_begin,
                             int32_t y_end);
void rf_depthwise_conv2d_f32(const rf_depthwise_conv2d_f32_params *p, const float *in, float *out, int32_t y_begin,
                             int32_t y_end);

#endif
