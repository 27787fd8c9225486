/* resize_nearest_neighbor: reference kernel. Loop order: output row, pixel. Any band of output rows. */
#include "resize_nearest_neighbor.h"

#include <string.h>

void rf_resize_nearest_neighbor(const rf_resize_nearest_neighbor_params *p, const void *in, void *out,
                                int32_t y_begin, int32_t y_end)
{
    const size_t element = (size_t)p->element_bytes;
    const size_t pixel = (size_t)p->in.c * element;
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const int32_t iy = image * p->in.h + p->in_y[y % p->out.h];
        const uint8_t *from = (const uint8_t *)in + rf_row(&p->in, iy) * element;
        uint8_t *to = (uint8_t *)out + rf_row(&p->out, y) * element;
        for (int32_t x = 0; x < p->out.w; x++, to += pixel) {
            memcpy(to, from + (size_t)p->in_x[x] * pixel, pixel);
        }
    }
}
