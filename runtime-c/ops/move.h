/*
 * move: copies a box of elements from one tensor into another, each with strides of its own. Transpose, slice, split,
 * concatenation, pack, unpack, tiling and padding are made of it. fill: the same value everywhere. constant: known bytes.
 */
#ifndef RF_MOVE_H
#define RF_MOVE_H

#include "../rf.h"

typedef struct {
    int32_t element_bytes;
    int32_t dims[RF_MAX_RANK];        /* of the box, outermost first */
    int32_t in_strides[RF_MAX_RANK];  /* elements; may be negative */
    int32_t out_strides[RF_MAX_RANK];
    int32_t in_offset, out_offset;    /* elements */
} rf_move_params;

typedef struct {
    int32_t element_bytes;
    int32_t count;      /* elements */
    uint8_t value[8];   /* little endian, the first element_bytes count */
} rf_fill_params;

typedef struct {
    int32_t bytes;
    const uint8_t *from;
} rf_constant_params;

void rf_move(const rf_move_params *p, const void *in, void *out);
void rf_fill(const rf_fill_params *p, void *out);
void rf_constant(const rf_constant_params *p, void *out);

#endif
