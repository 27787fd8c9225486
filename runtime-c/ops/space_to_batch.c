/* space_to_batch, batch_to_space: reference kernels. Both walk the batch side in order: image, row, pixel. */
#include "space_to_batch.h"

#include <string.h>

/* Byte offset on the space side of a pixel on the batch side; -1 when it lies outside. */
static ptrdiff_t space_offset(const rf_space_to_batch_params *p, int32_t image, int32_t y, int32_t x)
{
    const int32_t cell = image / p->space_n;
    const int32_t sy = y * p->block_h + cell / p->block_w - p->top;
    const int32_t sx = x * p->block_w + cell % p->block_w - p->left;
    if (sy < 0 || sy >= p->space_h || sx < 0 || sx >= p->space_w) {
        return -1;
    }
    return (((ptrdiff_t)(image % p->space_n) * p->space_h + sy) * p->space_w + sx) * p->pixel_bytes;
}

void rf_space_to_batch(const rf_space_to_batch_params *p, const void *in, void *out)
{
    uint8_t *to = (uint8_t *)out;
    for (int32_t image = 0; image < p->batch_n; image++) {
        for (int32_t y = 0; y < p->batch_h; y++) {
            for (int32_t x = 0; x < p->batch_w; x++, to += p->pixel_bytes) {
                const ptrdiff_t from = space_offset(p, image, y, x);
                if (from >= 0) {
                    memcpy(to, (const uint8_t *)in + from, (size_t)p->pixel_bytes);
                    continue;
                }
                for (int32_t at = 0; at < p->pixel_bytes; at += p->element_bytes) {
                    memcpy(to + at, p->padding, (size_t)p->element_bytes);
                }
            }
        }
    }
}

void rf_batch_to_space(const rf_space_to_batch_params *p, const void *in, void *out)
{
    const uint8_t *from = (const uint8_t *)in;
    for (int32_t image = 0; image < p->batch_n; image++) {
        for (int32_t y = 0; y < p->batch_h; y++) {
            for (int32_t x = 0; x < p->batch_w; x++, from += p->pixel_bytes) {
                const ptrdiff_t to = space_offset(p, image, y, x);
                if (to >= 0) {
                    memcpy((uint8_t *)out + to, from, (size_t)p->pixel_bytes);
                }
            }
        }
    }
}
