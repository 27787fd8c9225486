/* global_pool: mean or sum of each channel over all rows and columns, fed row by row. */
#ifndef RF_GLOBAL_POOL_H
#define RF_GLOBAL_POOL_H

#include "../rf.h"

/* As average_pool2d: the mean rounded half away from zero, clamped. */
typedef struct {
    rf_plane in;
    int32_t act_min, act_max;
} rf_global_average_int_params;

typedef struct {
    rf_plane in;
    float act_min, act_max;
} rf_global_average_f32_params;

/* As mean and sum: (sum - bias) scaled to the output. */
typedef struct {
    rf_plane in;
    int32_t bias, multiplier, shift, out_zero;
} rf_global_reduce_int_params;

/*
 * Rows y_begin to y_end - 1 of the input are added to the sums in `scratch` (one int32 or float per channel). All rows must
 * come once and in order; the first call clears the sums, and the one with the last row writes the output.
 */
void rf_global_average_s8(const rf_global_average_int_params *p, const int8_t *in, int8_t *out, void *scratch,
                          int32_t y_begin, int32_t y_end);
void rf_global_average_s16(const rf_global_average_int_params *p, const int16_t *in, int16_t *out, void *scratch,
                           int32_t y_begin, int32_t y_end);
void rf_global_average_f32(const rf_global_average_f32_params *p, const float *in, float *out, void *scratch,
                           int32_t y_begin, int32_t y_end);
void rf_global_reduce_s8(const rf_global_reduce_int_params *p, const int8_t *in, int8_t *out, void *scratch,
                         int32_t y_begin, int32_t y_end);
void rf_global_reduce_s16(const rf_global_reduce_int_params *p, const int16_t *in, int16_t *out, void *scratch,
                          int32_t y_begin, int32_t y_end);

#endif
