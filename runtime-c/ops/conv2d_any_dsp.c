/*
 * conv2d_any_dsp: convolutions on the DSP extension that conv2d_dsp.c does not take: int8 in groups or with numbers beyond its
 * arithmetic, and int16 activations with int8 weights. Loop order: two neighbouring output pixels; their inputs are gathered as
 * 16-bit columns, one for each group; then group, two channels, four inputs. Registers: four sums, four words of weights and
 * inputs, three pointers. Cost on a Cortex-M4 per MAC: 1.4 instructions; 25 to 30 per output; 1.5 to 3 per gathered input.
 */
#include "conv2d_any_dsp.h"

#include "../rf_dsp_dot.h"

#define PUT_S8(to, from, count) rf_dsp_widen((to), (from), (count))
#define PUT_S16(to, from, count) memcpy((to), (from), 2 * (size_t)(count))
#define ZERO_S8(p) ((int16_t)(p)->in_zero)
#define ZERO_S16(p) 0
#define RESULT_S8(q, sum, c)                                                                                           \
    rf_clamp(rf_dsp_result_s8((sum), q.multipliers[c], q.shifts[c], q.out_zero), q.act_min, q.act_max)
#define RESULT_S16(q, sum, c)                                                                                          \
    rf_clamp(rf_dsp_result_s16((sum), q.multipliers[c], q.shifts[c], q.narrow), q.act_min, q.act_max)

/* T element, SUM accumulator. */
#define DEFINE_CONV2D(name, T, SUM, dot, PUT, ZERO, RESULT)                                                            \
    /* The inputs of one cell of the window, which follow each other, to the columns of their groups. */               \
    static void name##_put_cell(const name##_params *p, int16_t *to, const T *from)                                    \
    {                                                                                                                  \
        const int32_t count = p->in.c / p->groups;                                                                     \
        for (int32_t g = 0; g < p->groups; g++, to += 4 * p->words, from += count) {                                   \
            PUT(to, from, count);                                                                                      \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_put_padding(const name##_params *p, int16_t *to, int32_t cells)                                 \
    {                                                                                                                  \
        for (int32_t g = 0; g < p->groups; g++, to += 4 * p->words) {                                                  \
            rf_dsp_fill(to, ZERO(p), cells * (p->in.c / p->groups));                                                   \
        }                                                                                                              \
    }                                                                                                                  \
    /* All inputs of output pixel x of row y. */                                                                       \
    static void name##_gather(const name##_params *p, const T *in, int32_t y, int32_t x, int16_t *to)                  \
    {                                                                                                                  \
        const rf_window *w = &p->window;                                                                               \
        const int32_t image = y / p->out.h, step = p->in.c / p->groups;                                                \
        const int32_t top = (y - image * p->out.h) * w->stride_h - w->pad_top;                                         \
        const int32_t left = x * w->stride_w - w->pad_left;                                                            \
        const int32_t is_whole =                                                                                       \
            p->groups == 1 && w->dilation_w == 1 && left >= 0 && left + w->kernel_w <= p->in.w;                        \
        for (int32_t ky = 0; ky < w->kernel_h; ky++, to += step * w->kernel_w) {                                       \
            const int32_t iy = top + ky * w->dilation_h;                                                               \
            if (iy < 0 || iy >= p->in.h) {                                                                             \
                name##_put_padding(p, to, w->kernel_w);                                                                \
                continue;                                                                                              \
            }                                                                                                          \
            const T *row = in + rf_row(&p->in, image * p->in.h + iy);                                                  \
            if (is_whole) {                                                                                            \
                PUT(to, row + left * p->in.c, w->kernel_w * p->in.c);                                                  \
                continue;                                                                                              \
            }                                                                                                          \
            for (int32_t kx = 0, ix = left; kx < w->kernel_w; kx++, ix += w->dilation_w) {                             \
                if (ix >= 0 && ix < p->in.w) {                                                                         \
                    name##_put_cell(p, to + kx * step, row + ix * p->in.c);                                            \
                } else {                                                                                               \
                    name##_put_padding(p, to + kx * step, 1);                                                          \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    /* Both pixels' channels of one group, from channel c on; of one pixel alone `second` is its own column again. */  \
    static const int8_t *name##_multiply(const name##_params *p, const int8_t *weights, const int16_t *first,          \
                                         const int16_t *second, T *out, int32_t c)                                     \
    {                                                                                                                  \
        const name##_params q = *p; /* which what is stored might be part of */                                        \
        const int32_t end = c + q.out.c / q.groups;                                                                    \
        for (; c < end; c += 2, weights += 8 * q.words) {                                                              \
            const int32_t next = rf_min(c + 1, end - 1);                                                               \
            SUM sums[4] = {q.bias[c], q.bias[next], q.bias[c], q.bias[next]};                                          \
            dot(weights, first, second, q.words, sums);                                                                \
            out[c] = (T)RESULT(q, sums[0], c);                                                                         \
            if (first != second) {                                                                                     \
                out[q.out.c + c] = (T)RESULT(q, sums[2], c);                                                           \
            }                                                                                                          \
            if (next > c) {                                                                                            \
                out[next] = (T)RESULT(q, sums[1], next);                                                               \
                if (first != second) {                                                                                 \
                    out[q.out.c + next] = (T)RESULT(q, sums[3], next);                                                 \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        return weights;                                                                                                \
    }                                                                                                                  \
    void rf_##name(const name##_params *p, const T *in, T *out, void *scratch, int32_t y_begin, int32_t y_end)         \
    {                                                                                                                  \
        const int32_t column = 4 * p->words;                                                                           \
        int16_t *columns = (int16_t *)scratch;                                                                         \
        for (int32_t y = y_begin; y < y_end; y++) {                                                                    \
            T *to = out + rf_row(&p->out, y);                                                                          \
            for (int32_t x = 0; x < p->out.w; x += 2, to += 2 * p->out.c) {                                            \
                const int32_t both = x + 1 < p->out.w ? column * p->groups : 0;                                        \
                const int8_t *weights = p->weights;                                                                    \
                name##_gather(p, in, y, x, columns);                                                                   \
                if (both) {                                                                                            \
                    name##_gather(p, in, y, x + 1, columns + both);                                                    \
                }                                                                                                      \
                for (int32_t g = 0; g < p->groups; g++) {                                                              \
                    const int16_t *first = columns + g * column;                                                       \
                    weights = name##_multiply(p, weights, first, first + both, to, g * (p->out.c / p->groups));        \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

typedef rf_conv2d_any_s8_dsp_params conv2d_any_s8_dsp_params;
typedef rf_conv2d_s16_dsp_params conv2d_s16_dsp_params;

DEFINE_CONV2D(conv2d_any_s8_dsp, int8_t, int32_t, rf_dsp_dot22, PUT_S8, ZERO_S8, RESULT_S8)
DEFINE_CONV2D(conv2d_s16_dsp, int16_t, int64_t, rf_dsp_dot22_wide, PUT_S16, ZERO_S16, RESULT_S16)
