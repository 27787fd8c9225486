/*
 * gather: reference kernels. Loop order: batch, outer dimensions, index; each slice is one run of bytes. Negative
 * indices count from the end (ONNX has them, TFLite does not); what is outside all the same becomes the nearest slice.
 */
#include "gather.h"

#include <string.h>

#define DEFINE_GATHER(name, I)                                                                                         \
    void name(const rf_gather_params *p, const void *in, const I *indices, void *out)                                  \
    {                                                                                                                  \
        const uint8_t *from = (const uint8_t *)in;                                                                     \
        uint8_t *to = (uint8_t *)out;                                                                                  \
        const size_t run = (size_t)p->inner_bytes;                                                                     \
        for (int32_t batch = 0; batch < p->batches; batch++, indices += p->coordinates) {                              \
            for (int32_t outer = 0; outer < p->outer; outer++, from += (size_t)p->axis_size * run) {                   \
                for (int32_t i = 0; i < p->coordinates; i++, to += run) {                                              \
                    const I at = indices[i] < 0 ? indices[i] + p->axis_size : indices[i];                              \
                    const I above = at < p->axis_size ? at : p->axis_size - 1;                                         \
                    memcpy(to, from + (size_t)(above > 0 ? above : 0) * run, run);                                     \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE_GATHER(rf_gather_s32, int32_t)
DEFINE_GATHER(rf_gather_s64, int64_t)
