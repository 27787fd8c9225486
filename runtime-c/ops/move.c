/*
 * move, fill, constant: reference kernels. Loop order: the box from its outermost dimension to its innermost; the two
 * innermost are loops of their own. Where both sides have stride 1, the innermost is one run of bytes.
 */
#include "move.h"

#include <string.h>

/* Short runs come in great numbers (the channels of a pixel), and a call for each would cost more than the copy. */
static inline void copy_run(uint8_t *out, const uint8_t *in, size_t bytes)
{
    if (bytes > 32) {
        memcpy(out, in, bytes);
        return;
    }
    for (; bytes >= 4; bytes -= 4, in += 4, out += 4) {
        memcpy(out, in, 4);
    }
    for (; bytes > 0; bytes--) {
        *out++ = *in++;
    }
}

/* Defines a loop over single elements of a size that the compiler knows; steps in bytes. */
#define DEFINE_COPY(name, size)                                                                                        \
    static void name(uint8_t *out, const uint8_t *in, ptrdiff_t out_step, ptrdiff_t in_step, int32_t count)            \
    {                                                                                                                  \
        for (; count > 0; count--, in += in_step, out += out_step) {                                                   \
            memcpy(out, in, (size));                                                                                   \
        }                                                                                                              \
    }

DEFINE_COPY(copy_1, 1)
DEFINE_COPY(copy_2, 2)
DEFINE_COPY(copy_4, 4)
DEFINE_COPY(copy_8, 8)

/* The two innermost dimensions. */
static void copy_plane(const rf_move_params *p, const uint8_t *in, uint8_t *out)
{
    const int32_t last = RF_MAX_RANK - 1, count = p->dims[last];
    const ptrdiff_t bytes = p->element_bytes;
    const ptrdiff_t in_row = p->in_strides[last - 1] * bytes, in_step = p->in_strides[last] * bytes;
    const ptrdiff_t out_row = p->out_strides[last - 1] * bytes, out_step = p->out_strides[last] * bytes;
    const size_t run = in_step == bytes && out_step == bytes ? (size_t)count * (size_t)bytes : 0;
    for (int32_t rows = p->dims[last - 1]; rows > 0; rows--, in += in_row, out += out_row) {
        if (run > 0) {
            copy_run(out, in, run);
        } else if (bytes == 1) {
            copy_1(out, in, out_step, in_step, count);
        } else if (bytes == 2) {
            copy_2(out, in, out_step, in_step, count);
        } else if (bytes == 4) {
            copy_4(out, in, out_step, in_step, count);
        } else {
            copy_8(out, in, out_step, in_step, count);
        }
    }
}

void rf_move(const rf_move_params *p, const void *in, void *out)
{
    int32_t at[RF_MAX_RANK] = {0};
    for (;;) {
        ptrdiff_t from = p->in_offset, to = p->out_offset;
        int32_t d = RF_MAX_RANK - 3;
        for (int32_t k = 0; k <= d; k++) {
            from += (ptrdiff_t)at[k] * p->in_strides[k];
            to += (ptrdiff_t)at[k] * p->out_strides[k];
        }
        copy_plane(p, (const uint8_t *)in + from * p->element_bytes, (uint8_t *)out + to * p->element_bytes);
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
