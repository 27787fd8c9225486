/* gather: slices of the input along one axis, in the order that the indices name them. */
#ifndef RF_GATHER_H
#define RF_GATHER_H

#include "../rf.h"

/* Input [batches][outer][axis_size][inner], indices [batches][coordinates], output [batches][outer][coordinates][inner]. */
typedef struct {
    int32_t batches, outer, axis_size, coordinates, inner_bytes;
} rf_gather_params;

/* An index outside the axis is taken as the nearest one inside; no byte outside the input is ever read. */
void rf_gather_s32(const rf_gather_params *p, const void *in, const int32_t *indices, void *out);
void rf_gather_s64(const rf_gather_params *p, const void *in, const int64_t *indices, void *out);

#endif
