/*
 * transpose_conv: every input pixel adds its products with a kernel to the output around stride * its position; NHWC,
 * weights [out channel][kernel row][kernel column][in channel]. The window is that of the convolution from out to in.
 */
#ifndef RF_TRANSPOSE_CONV_H
#define RF_TRANSPOSE_CONV_H

#include "../rf.h"

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t in_zero, out_zero, act_min, act_max;
    const int8_t *weights;
    const int32_t *bias; /* NULL: none */
    const int32_t *multipliers, *shifts; /* per output channel */
} rf_transpose_conv_s8_params;

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t act_min, act_max;
    const int8_t *weights;
    const int64_t *bias; /* NULL: none */
    const int32_t *multipliers, *shifts;
} rf_transpose_conv_s16_params;

typedef struct {
    rf_plane in, out;
    rf_window window;
    float act_min, act_max;
    const float *weights;
    const float *bias; /* NULL: none */
} rf_transpose_conv_f32_params;

void rf_transpose_conv_s8(const rf_transpose_conv_s8_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                          int32_t y_end);
void rf_transpose_conv_s16(const rf_transpose_conv_s16_params *p, const int16_t *in, int16_t *out, int32_t y_begin,
                           int32_t y_end);
void rf_transpose_conv_f32(const rf_transpose_conv_f32_params *p, const float *in, float *out, int32_t y_begin,
                           int32_t y_end);

#endif
