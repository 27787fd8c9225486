/* resize_nearest_neighbor: NHWC images; the nearest input row and column of every output pixel are given. */
#ifndef RF_RESIZE_NEAREST_NEIGHBOR_H
#define RF_RESIZE_NEAREST_NEIGHBOR_H

#include "../rf.h"

typedef struct {
    int32_t element_bytes;
    rf_plane in, out;
    const int32_t *in_y; /* per output row of one image */
    const int32_t *in_x; /* per output column */
} rf_resize_nearest_neighbor_params;

void rf_resize_nearest_neighbor(const rf_resize_nearest_neighbor_params *p, const void *in, void *out,
                                int32_t y_begin, int32_t y_end);

#endif
