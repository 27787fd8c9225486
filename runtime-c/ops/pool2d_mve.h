/* pool2d_mve: average_pool2d and max_pool2d of int8 images on Helium; equal to the kernels of pool2d.h. */
#ifndef RF_POOL2D_MVE_H
#define RF_POOL2D_MVE_H

#include "../rf.h"

/* A window of an average has at most 256 cells. */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t act_min, act_max;
} rf_pool2d_int_mve_params;

void rf_average_pool2d_s8_mve(const rf_pool2d_int_mve_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                              int32_t y_end);
void rf_max_pool2d_s8_mve(const rf_pool2d_int_mve_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                          int32_t y_end);

#endif
