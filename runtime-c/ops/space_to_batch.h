/*
 * space_to_batch, batch_to_space: pixel (y * block_h + i - top, x * block_w + j - left) of image n on the space side is
 * pixel (y, x) of image (i * block_w + j) * space_n + n on the batch side.
 */
#ifndef RF_SPACE_TO_BATCH_H
#define RF_SPACE_TO_BATCH_H

#include "../rf.h"

typedef struct {
    int32_t pixel_bytes, element_bytes;
    int32_t space_n, space_h, space_w;
    int32_t batch_n, batch_h, batch_w;
    int32_t block_h, block_w, top, left;
    uint8_t padding[8]; /* element for pixels outside the space side, little endian */
} rf_space_to_batch_params;

void rf_space_to_batch(const rf_space_to_batch_params *p, const void *in, void *out);
void rf_batch_to_space(const rf_space_to_batch_params *p, const void *in, void *out);

#endif
