/* move, fill, constant: reference kernels. The innermost dimension is one run of bytes where both sides have stride 1. */
#include "move.h"

#include <string.h>

static void copy_elements(const rf_move_params *p, const uint8_t *in, uint8_t *out)
{
    const int32_t last = RF_MAX_RANK - 1;
    const size_t bytes = (size_t)p->element_bytes;
    if (p->in_strides[last] == 1 && p->out_strides[last] == 1) {
        memcpy(out, in, bytes * (size_t)p->dims[last]);
        return;
    }
    for (int32_t i = 0; i < p->dims[last]; i++) {
        memcpy(out + (ptrdiff_t)i * p->out_strides[last] * p->element_bytes,
               in + (ptrdiff_t)i * p->in_strides[last] * p->element_bytes, bytes);
    }
}

void rf_move(const rf_move_params *p, const void *in, void *out)
{
    int32_t at[RF_MAX_RANK] = {0};
    for (;;) {
        ptrdiff_t from = p->in_offset, to = p->out_offset;
        int32_t d = RF_MAX_RANK - 2;
        for (int32_t k = 0; k <= d; k++) {
            from += (ptrdiff_t)at[k] * p->in_strides[k];
            to += (ptrdiff_t)at[k] * p->out_strides[k];
        }
        copy_elements(p, (const uint8_t *)in + from * p->element_bytes, (uint8_t *)out + to * p->element_bytes);
        while (d >= 0 && ++at[d] == p->dims[d]) {
            at[d--] = 0;
        }
        if (d < 0) {
            return;
        }
    }
}

void rf_fill(const rf_fill_params *p, void *out)
{
    uint8_t *to = (uint8_t *)out;
    for (int32_t i = 0; i < p->count; i++, to += p->element_bytes) {
        memcpy(to, p->value, (size_t)p->element_bytes);
    }
}

void rf_constant(const rf_constant_params *p, void *out)
{
    memcpy(out, p->from, (size_t)p->bytes);
}
