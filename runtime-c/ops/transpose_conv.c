/*
 * transpose_conv: reference kernels. TFLM's reference_integer_ops::TransposeConv scatters into an accumulator for every
 * output; here each output gathers the same products in the same order, so that no scratch is needed. Loop order: output
 * row, pixel, channel; then input row, column, channel. Any band of output rows.
 */
#include "transpose_conv.h"

#include "../rf_quant.h"

typedef struct {
    int32_t begin, end;
} span;

/* The input cells whose kernel covers output cell `at` - padding, along an axis of `size` input cells; at >= 0. */
static span sources(int32_t at, int32_t kernel, int32_t stride, int32_t size)
{
    const int32_t before = at - kernel + 1;
    const span inside = {before > 0 ? (before + stride - 1) / stride : 0, rf_min(at / stride + 1, size)};
    return inside;
}

static int8_t result_s8(const rf_transpose_conv_s8_params *p, int32_t sum, int32_t channel)
{
    const int32_t acc = rf_add(sum, p->bias ? p->bias[channel] : 0);
    const int32_t scaled = rf_add(rf_scale(acc, p->multipliers[channel], p->shifts[channel]), p->out_zero);
    return (int8_t)rf_clamp(scaled, p->act_min, p->act_max);
}

static int16_t result_s16(const rf_transpose_conv_s16_params *p, int64_t sum, int32_t channel)
{
    const int64_t acc = sum + (p->bias ? p->bias[channel] : 0);
    return (int16_t)rf_clamp(rf_scale_wide(acc, p->multipliers[channel], p->shifts[channel]), p->act_min, p->act_max);
}

static float result_f32(const rf_transpose_conv_f32_params *p, float sum, int32_t channel)
{
    float acc = sum + (p->bias ? p->bias[channel] : 0.0f);
    acc = acc < p->act_min ? p->act_min : acc;
    return acc > p->act_max ? p->act_max : acc;
}

/* T element, W weight, A accumulator; CENTRED is the element without its zero point. */
#define DEFINE_TRANSPOSE_CONV(name, P, T, W, A, CENTRED, result)                                                       \
    void name(const P *p, const T *in, T *out, int32_t y_begin, int32_t y_end)                                         \
    {                                                                                                                  \
        const rf_window *window = &p->window;                                                                          \
        for (int32_t y = y_begin; y < y_end; y++) {                                                                    \
            const int32_t first = y / p->out.h * p->in.h;                                                              \
            const int32_t top = y % p->out.h + window->pad_top;                                                        \
            const span rows = sources(top, window->kernel_h, window->stride_h, p->in.h);                               \
            T *to = out + rf_row(&p->out, y);                                                                          \
            for (int32_t x = 0; x < p->out.w; x++) {                                                                   \
                const int32_t left = x + window->pad_left;                                                             \
                const span columns = sources(left, window->kernel_w, window->stride_w, p->in.w);                       \
                for (int32_t oc = 0; oc < p->out.c; oc++) {                                                            \
                    A sum = 0;                                                                                         \
                    for (int32_t iy = rows.begin; iy < rows.end; iy++) {                                               \
                        const int32_t cell = oc * window->kernel_h + top - iy * window->stride_h;                      \
                        const T *row = in + rf_row(&p->in, first + iy);                                                \
                        for (int32_t ix = columns.begin; ix < columns.end; ix++) {                                     \
                            const T *pixel = row + ix * p->in.c;                                                       \
                            const W *w = p->weights +                                                                  \
                                         (cell * window->kernel_w + left - ix * window->stride_w) * p->in.c;           \
                            for (int32_t ic = 0; ic < p->in.c; ic++) {                                                 \
                                sum += CENTRED(pixel[ic]) * w[ic];                                                     \
                            }                                                                                          \
                        }                                                                                              \
                    }                                                                                                  \
                    *to++ = result(p, sum, oc);                                                                        \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

#define CENTRED_S8(x) ((x) - p->in_zero)
#define CENTRED_S16(x) ((int32_t)(x))
#define CENTRED_F32(x) (x)

DEFINE_TRANSPOSE_CONV(rf_transpose_conv_s8, rf_transpose_conv_s8_params, int8_t, int8_t, int32_t, CENTRED_S8, result_s8)
DEFINE_TRANSPOSE_CONV(rf_transpose_conv_s16, rf_transpose_conv_s16_params, int16_t, int8_t, int64_t, CENTRED_S16,
                      result_s16)
DEFINE_TRANSPOSE_CONV(rf_transpose_conv_f32, rf_transpose_conv_f32_params, float, float, float, CENTRED_F32, result_f32)
