/* average_pool2d, max_pool2d: a window over each channel of an NHWC image; cells outside the image do not count. */
#ifndef RF_POOL2D_H
#define RF_POOL2D_H

#include "../rf.h"

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t act_min, act_max;
} rf_pool2d_int_params;

typedef struct {
    rf_plane in, out;
    rf_window window;
    float act_min, act_max;
} rf_pool2d_f32_params;

void rf_average_pool2d_s8(const rf_pool2d_int_params *p, const int8_t *in, int8_t *out, int32_t y_begin, int32_t y_end);
void rf_average_pool2d_s16(const rf_pool2d_int_params *p, const int16_t *in, int16_t *out, int32_t y_begin,
                           int32_t y_end);
void rf_average_pool2d_f32(const rf_pool2d_f32_params *p, const float *in, float *out, int32_t y_begin, int32_t y_end);
void rf_max_pool2d_s8(const rf_pool2d_int_params *p, const int8_t *in, int8_t *out, int32_t y_begin, int32_t y_end);
void rf_max_pool2d_s16(const rf_pool2d_int_params *p, const int16_t *in, int16_t *out, int32_t y_begin, int32_t y_end);
void rf_max_pool2d_f32(const rf_pool2d_f32_params *p, const float *in, float *out, int32_t y_begin, int32_t y_end);

#endif
