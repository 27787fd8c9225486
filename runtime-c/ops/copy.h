/* copy: the bytes of a tensor, unchanged (reshape, squeeze, expand_dims); buffers may be the same. */
#ifndef RF_COPY_H
#define RF_COPY_H

#include "../rf.h"

typedef struct {
    uint32_t bytes;
} rf_copy_params;

void rf_copy(const rf_copy_params *p, const void *in, void *out);

#endif
