/* resize_bilinear: NHWC images; each output pixel is a mean of four input pixels, weighted by distance. */
#ifndef RF_RESIZE_BILINEAR_H
#define RF_RESIZE_BILINEAR_H

#include "../rf.h"

/* Output cell i lies at i * scale + offset, in 1/1024 of an input cell. */
typedef struct {
    int32_t scale, offset;
} rf_resize_int_axis;

/* Output cell i lies at (i + before) * scale - before, in input cells. */
typedef struct {
    float scale, before;
} rf_resize_f32_axis;

typedef struct {
    rf_plane in, out;
    rf_resize_int_axis y, x;
} rf_resize_bilinear_int_params;

typedef struct {
    rf_plane in, out;
    rf_resize_f32_axis y, x;
} rf_resize_bilinear_f32_params;

void rf_resize_bilinear_s8(const rf_resize_bilinear_int_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                           int32_t y_end);
void rf_resize_bilinear_s16(const rf_resize_bilinear_int_params *p, const int16_t *in, int16_t *out, int32_t y_begin,
                            int32_t y_end);
void rf_resize_bilinear_f32(const rf_resize_bilinear_f32_params *p, const float *in, float *out, int32_t y_begin,
                            int32_t y_end);

#endif
