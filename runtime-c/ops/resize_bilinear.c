/*
 * resize_bilinear: reference kernels. Loop order: output row, pixel, channel. Integer arithmetic of TFLM's
 * reference_ops::ResizeBilinearInteger: weights in 1/1024, the mean rounded half away from zero. Any band of output rows.
 */
#include "resize_bilinear.h"

#include "../rf_quant.h"

typedef struct {
    int32_t lower, upper, weight; /* of the upper cell, in 1/1024 */
} int_source;

/* Positions before the first cell or behind the last are moved onto it; there both neighbours are that cell anyway. */
static int_source int_locate(const rf_resize_int_axis *axis, int32_t i, int32_t size)
{
    const int32_t position = rf_clamp(i * axis->scale + axis->offset, 0, 1024 * (size - 1));
    const int_source source = {position / 1024, (position + 1023) / 1024, position % 1024};
    return source;
}

/* A is wide enough for an element times 2^20. */
#define DEFINE_RESIZE_BILINEAR(name, T, A)                                                                             \
    void name(const rf_resize_bilinear_int_params *p, const T *in, T *out, int32_t y_begin, int32_t y_end)             \
    {                                                                                                                  \
        for (int32_t y = y_begin; y < y_end; y++) {                                                                    \
            const int32_t first = y / p->out.h * p->in.h;                                                              \
            const int_source v = int_locate(&p->y, y % p->out.h, p->in.h);                                             \
            const T *above = in + rf_row(&p->in, first + v.lower);                                                     \
            const T *below = in + rf_row(&p->in, first + v.upper);                                                     \
            T *to = out + rf_row(&p->out, y);                                                                          \
            for (int32_t x = 0; x < p->out.w; x++) {                                                                   \
                const int_source h = int_locate(&p->x, x, p->in.w);                                                    \
                const int32_t left = h.lower * p->in.c, right = h.upper * p->in.c;                                     \
                const int32_t a = (1024 - v.weight) * (1024 - h.weight), b = (1024 - v.weight) * h.weight;             \
                const int32_t d = v.weight * (1024 - h.weight), e = v.weight * h.weight, channels = p->out.c;          \
                for (int32_t c = 0; c < channels; c++) {                                                               \
                    const A sum = (A)above[left + c] * a + (A)above[right + c] * b + (A)below[left + c] * d +          \
                                  (A)below[right + c] * e;                                                             \
                    *to++ = (T)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));                                 \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE_RESIZE_BILINEAR(rf_resize_bilinear_s8, int8_t, int32_t)
DEFINE_RESIZE_BILINEAR(rf_resize_bilinear_s16, int16_t, int64_t)

typedef struct {
    int32_t lower, upper;
    float weight;
} f32_source;

static f32_source f32_locate(const rf_resize_f32_axis *axis, int32_t i, int32_t size)
{
    const float position = ((float)i + axis->before) * axis->scale - axis->before;
    const int32_t lower = rf_clamp((int32_t)floorf(position), 0, size - 1);
    const f32_source source = {lower, rf_clamp((int32_t)ceilf(position), 0, size - 1), position - (float)lower};
    return source;
}

void rf_resize_bilinear_f32(const rf_resize_bilinear_f32_params *p, const float *in, float *out, int32_t y_begin,
                            int32_t y_end)
{
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t first = y / p->out.h * p->in.h;
        const f32_source v = f32_locate(&p->y, y % p->out.h, p->in.h);
        const float *above = in + rf_row(&p->in, first + v.lower);
        const float *below = in + rf_row(&p->in, first + v.upper);
        float *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const f32_source h = f32_locate(&p->x, x, p->in.w);
            const int32_t left = h.lower * p->in.c, right = h.upper * p->in.c;
            for (int32_t c = 0; c < p->out.c; c++) {
                *to++ = above[left + c] * (1.0f - v.weight) * (1.0f - h.weight) +
                        below[left + c] * v.weight * (1.0f - h.weight) +
                        above[right + c] * (1.0f - v.weight) * h.weight + below[right + c] * v.weight * h.weight;
            }
        }
    }
}
