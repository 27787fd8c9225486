/*
 * transpose_conv_dsp: transposed convolution on the DSP extension. Loop order: output row, phase along the row, two pixels of that
 * phase; the inputs that they see are gathered as 16-bit columns; then two channels, four inputs. Registers as conv2d_any_dsp.c.
 * Cost on a Cortex-M4 per MAC: 1.4 instructions; 25 to 30 per output; 1.5 to 3 per gathered input.
 */
#include "transpose_conv_dsp.h"

#include "../rf_dsp_dot.h"

/*
 * Along one axis, the inputs that an output cell sees: `count` of them from `first` on, some of which may lie outside. Every cell
 * of a phase has the same count.
 */
typedef struct {
    int32_t first, count;
} view;

/* `at`: the output cell plus the padding. */
static view look(int32_t at, int32_t kernel, int32_t stride)
{
    const int32_t last = at / stride, phase = at - last * stride;
    const int32_t count = phase < kernel ? (kernel - phase + stride - 1) / stride : 0;
    const view seen = {last - count + 1, count};
    return seen;
}

#define PUT_S8(to, from, count) rf_dsp_widen((to), (from), (count))
#define PUT_S16(to, from, count) memcpy((to), (from), 2 * (size_t)(count))
#define ZERO_S8(q) ((int16_t)q.in_zero)
#define ZERO_S16(q) 0
#define RESULT_S8(q, sum, c)                                                                                           \
    rf_clamp(rf_dsp_result_s8((sum), q.multipliers[c], q.shifts[c], q.out_zero), q.act_min, q.act_max)
#define RESULT_S16(q, sum, c)                                                                                          \
    rf_clamp(rf_dsp_scale_wide((sum), q.multipliers[c], q.shifts[c]), q.act_min, q.act_max)

#define DEFINE_TRANSPOSE_CONV(name, T, SUM, dot, PUT, ZERO, RESULT)                                                    \
    static void name##_gather(const rf_##name##_params *p, const T *in, int32_t top_row, view rows, view columns,      \
                              int16_t *to)                                                                             \
    {                                                                                                                  \
        const int32_t c = p->in.c, begin = rf_clamp(-columns.first, 0, columns.count);                                 \
        const int32_t end = rf_clamp(p->in.w - columns.first, begin, columns.count);                                   \
        for (int32_t iy = rows.first; iy < rows.first + rows.count; iy++, to += columns.count * c) {                   \
            if (iy < 0 || iy >= p->in.h) {                                                                             \
                rf_dsp_fill(to, ZERO((*p)), columns.count * c);                                                        \
                continue;                                                                                              \
            }                                                                                                          \
            const T *row = in + rf_row(&p->in, top_row + iy);                                                          \
            rf_dsp_fill(to, ZERO((*p)), begin * c);                                                                    \
            if (end > begin) {                                                                                         \
                PUT(to + begin * c, row + (columns.first + begin) * c, (end - begin) * c);                             \
            }                                                                                                          \
            rf_dsp_fill(to + end * c, ZERO((*p)), (columns.count - end) * c);                                          \
        }                                                                                                              \
    }                                                                                                                  \
    /* The channels of two pixels `step` elements apart; of one pixel alone `second` is its own column again. */       \
    static void name##_multiply(const rf_##name##_params *p, int32_t phase, int32_t words, const int16_t *first,       \
                                const int16_t *second, T *out, int32_t step)                                           \
    {                                                                                                                  \
        const rf_##name##_params q = *p; /* which what is stored might be part of */                                   \
        const int8_t *weights = q.weights + q.starts[phase];                                                           \
        const int32_t last = q.out.c - 1;                                                                              \
        const SUM *bias = q.bias + phase * q.out.c;                                                                           \
        for (int32_t c = 0; c <= last; c += 2, weights += 8 * words) {                                                 \
            const int32_t next = rf_min(c + 1, last);                                                                  \
            SUM sums[4] = {bias[c], bias[next], bias[c], bias[next]};                                                  \
            dot(weights, first, second, words, sums);                                                                  \
            out[c] = (T)RESULT(q, sums[0], c);                                                                         \
            if (first != second) {                                                                                     \
                out[step + c] = (T)RESULT(q, sums[2], c);                                                              \
            }                                                                                                          \
            if (next > c) {                                                                                            \
                out[next] = (T)RESULT(q, sums[1], next);                                                               \
                if (first != second) {                                                                                 \
                    out[step + next] = (T)RESULT(q, sums[3], next);                                                    \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    void rf_##name(const rf_##name##_params *p, const T *in, T *out, void *scratch, int32_t y_begin, int32_t y_end)    \
    {                                                                                                                  \
        const rf_window *w = &p->window;                                                                               \
        int16_t *first = (int16_t *)scratch;                                                                           \
        for (int32_t y = y_begin; y < y_end; y++) {                                                                    \
            const int32_t image = y / p->out.h, at_y = y - image * p->out.h + w->pad_top;                              \
            const view rows = look(at_y, w->kernel_h, w->stride_h);                                                    \
            T *to = out + rf_row(&p->out, y);                                                                          \
            for (int32_t start = 0; start < rf_min(w->stride_w, p->out.w); start++) {                                  \
                const int32_t phase = at_y % w->stride_h * w->stride_w + (start + w->pad_left) % w->stride_w;          \
                for (int32_t x = start; x < p->out.w; x += 2 * w->stride_w) {                                          \
                    view columns = look(x + w->pad_left, w->kernel_w, w->stride_w);                                    \
                    const int32_t words = (rows.count * columns.count * p->in.c + 3) / 4;                              \
                    const int32_t has_second = x + w->stride_w < p->out.w;                                             \
                    int16_t *second = has_second ? first + 4 * words : first;                                          \
                    name##_gather(p, in, image * p->in.h, rows, columns, first);                                       \
                    if (has_second) {                                                                                  \
                        columns.first++;                                                                               \
                        name##_gather(p, in, image * p->in.h, rows, columns, second);                                  \
                        second += words == 0; /* no inputs, but two pixels all the same */                             \
                    }                                                                                                  \
                    name##_multiply(p, phase, words, first, second, to + x * p->out.c, w->stride_w * p->out.c);        \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE_TRANSPOSE_CONV(transpose_conv_s8_dsp, int8_t, int32_t, rf_dsp_dot22, PUT_S8, ZERO_S8, RESULT_S8)
DEFINE_TRANSPOSE_CONV(transpose_conv_s16_dsp, int16_t, int64_t, rf_dsp_dot22_wide, PUT_S16, ZERO_S16, RESULT_S16)
