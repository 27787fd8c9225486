/* conv2d: 2-D convolution, NHWC, weights [out channel][kernel row][kernel column][input channel of the group]. */
#ifndef RF_CONV2D_H
#define RF_CONV2D_H

#include "../rf.h"

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t groups;
    int32_t in_zero, out_zero, act_min, act_max;
    const int8_t *weights;
    const int32_t *bias; /* NULL: none */
    const int32_t *multipliers, *shifts; /* per output channel */
} rf_conv2d_s8_params;

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t groups;
    int32_t narrow; /* 1: the file has 32-bit biases, and results are requantised as for int8 */
    int32_t act_min, act_max;
    const int8_t *weights;
    const int64_t *bias; /* NULL: none */
    const int32_t *multipliers, *shifts;
} rf_conv2d_s16_params;

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t groups;
    float act_min, act_max;
    const float *weights;
    const float *bias; /* NULL: none */
} rf_conv2d_f32_params;

void rf_conv2d_s8(const rf_conv2d_s8_params *p, const int8_t *in, int8_t *out, int32_t y_begin, int32_t y_end);
void rf_conv2d_s16(const rf_conv2d_s16_params *p, const int16_t *in, int16_t *out, int32_t y_begin, int32_t y_end);
void rf_conv2d_f32(const rf_conv2d_f32_params *p, const float *in, float *out, int32_t y_begin, int32_t y_end);

#endif
