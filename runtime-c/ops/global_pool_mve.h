/* global_pool_mve: mean or sum of each int8 channel over at most 256 pixels on Helium; equal to the kernels of global_pool.h. */
#ifndef RF_GLOBAL_POOL_MVE_H
#define RF_GLOBAL_POOL_MVE_H

#include "../rf.h"

typedef struct {
    rf_plane in;
    int32_t act_min, act_max;
} rf_global_average_int_mve_params;

typedef struct {
    rf_plane in;
    int32_t bias, multiplier, shift, out_zero;
} rf_global_reduce_int_mve_params;

/* As in global_pool.h: rows come once and in order; scratch holds a 16-bit sum for each channel. */
void rf_global_average_s8_mve(const rf_global_average_int_mve_params *p, const int8_t *in, int8_t *out, void *scratch,
                              int32_t y_begin, int32_t y_end);
void rf_global_reduce_s8_mve(const rf_global_reduce_int_mve_params *p, const int8_t *in, int8_t *out, void *scratch,
                             int32_t y_begin, int32_t y_end);

#endif
