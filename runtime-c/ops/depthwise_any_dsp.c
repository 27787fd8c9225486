/*
 * depthwise_any_dsp: depthwise convolutions on the DSP extension that the faster kernels do not take. Loop order: output row,
 * pixel, four output channels, kernel row, kernel column; taps outside the image are left out. Registers: four sums, a word of
 * weights and its two halves, inputs one by one, two pointers. Cost on a Cortex-M4 for a tap of four channels: 18 instructions
 * (int8), 14 (int16), two more where channels have several filters; 15 per kernel row, 100 for four outputs.
 */
#include "depthwise_any_dsp.h"

#include "../rf_dsp_dot.h"

/* Taps begin to end - 1 of `kernel` lie inside an axis of `size` when the first is at `first`. */
typedef struct {
    int32_t begin, end;
} taps;

static taps inside(int32_t first, int32_t kernel, int32_t dilation, int32_t size)
{
    taps t = {0, kernel};
    while (t.begin < kernel && first + t.begin * dilation < 0) {
        t.begin++;
    }
    while (t.end > t.begin && first + (t.end - 1) * dilation >= size) {
        t.end--;
    }
    return t;
}

/* Input channels of four output channels, from the first one's on. */
typedef struct {
    int32_t b, c, d;
} channels;

/* Adds the taps of one kernel row, `count` of them `step` inputs apart, to the sums of four output channels. */
#define DEFINE_ADD_ROW(name, T)                                                                                        \
    RF_DSP_INLINE void name(const T *x, channels at, int32_t step, const int8_t *w, int32_t count, int32_t zero,       \
                            int32_t *sums)                                                                             \
    {                                                                                                                  \
        int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];                                                \
        for (const int8_t *end = w + 4 * count; w != end; w += 4, x += step) {                                         \
            const int32_t word = rf_dsp_load(w);                                                                       \
            const int32_t even = rf_dsp_sxtb16(word), odd = rf_dsp_sxtb16_odd(word);                                   \
            s0 = rf_dsp_smlabb(x[0] - zero, even, s0);                                                                 \
            s1 = rf_dsp_smlabb(x[at.b] - zero, odd, s1);                                                               \
            s2 = rf_dsp_smlabt(x[at.c] - zero, even, s2);                                                              \
            s3 = rf_dsp_smlabt(x[at.d] - zero, odd, s3);                                                               \
        }                                                                                                              \
        sums[0] = s0;                                                                                                  \
        sums[1] = s1;                                                                                                  \
        sums[2] = s2;                                                                                                  \
        sums[3] = s3;                                                                                                  \
    }

DEFINE_ADD_ROW(add_row_s8, int8_t)
DEFINE_ADD_ROW(add_row_s16, int16_t)

#define ZERO_S8(q) q.in_zero
#define ZERO_S16(q) 0
#define RESULT_S8(q, sum, c)                                                                                           \
    rf_clamp(rf_dsp_result_s8(q.bias[c] + (sum), q.multipliers[c], q.shifts[c], q.out_zero), q.act_min, q.act_max)
#define RESULT_S16(q, sum, c)                                                                                          \
    rf_clamp(rf_dsp_scale_wide(q.bias[c] + (sum), q.multipliers[c], q.shifts[c]), q.act_min, q.act_max)

#define DEFINE_DEPTHWISE(name, T, add_row, ZERO, RESULT)                                                               \
    /* All channels of one output pixel; `left` is where its window begins. */                                         \
    RF_DSP_INLINE void name##_pixel(const rf_##name##_params q, const T *const *rows, taps ys, int32_t left, T *out)   \
    {                                                                                                                  \
        const int32_t filters = q.out.c / q.in.c, kernel_w = q.window.kernel_w, dilation = q.window.dilation_w;        \
        const taps xs = inside(left, kernel_w, dilation, q.in.w);                                                      \
        const int32_t first = (left + xs.begin * dilation) * q.in.c, last = q.out.c - 1;                               \
        const int8_t *weights = q.weights + 4 * xs.begin;                                                              \
        const channels next = {1, 2, 3};                                                                               \
        for (int32_t c = 0; c <= last; c += 4, weights += 4 * q.window.kernel_h * kernel_w) {                          \
            const int32_t from = filters == 1 ? c : c / filters;                                                       \
            int32_t sums[4] = {0, 0, 0, 0};                                                                            \
            if (filters == 1 && c + 3 <= last) {                                                                       \
                for (int32_t ky = ys.begin; ky < ys.end; ky++) {                                                       \
                    add_row(rows[ky] + first + from, next, dilation * q.in.c, weights + 4 * ky * kernel_w,             \
                            xs.end - xs.begin, ZERO(q), sums);                                                         \
                }                                                                                                      \
            } else {                                                                                                   \
                const channels at = {rf_min(c + 1, last) / filters - from, rf_min(c + 2, last) / filters - from,       \
                                     rf_min(c + 3, last) / filters - from};                                            \
                for (int32_t ky = ys.begin; ky < ys.end; ky++) {                                                       \
                    add_row(rows[ky] + first + from, at, dilation * q.in.c, weights + 4 * ky * kernel_w,               \
                            xs.end - xs.begin, ZERO(q), sums);                                                         \
                }                                                                                                      \
            }                                                                                                          \
            out[c] = (T)RESULT(q, sums[0], c);                                                                         \
            if (c + 3 <= last) {                                                                                       \
                out[c + 1] = (T)RESULT(q, sums[1], c + 1);                                                             \
                out[c + 2] = (T)RESULT(q, sums[2], c + 2);                                                             \
                out[c + 3] = (T)RESULT(q, sums[3], c + 3);                                                             \
                continue;                                                                                              \
            }                                                                                                          \
            for (int32_t i = 1; i <= last - c; i++) {                                                                  \
                out[c + i] = (T)RESULT(q, sums[i], c + i);                                                             \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    void rf_##name(const rf_##name##_params *p, const T *in, T *out, int32_t y_begin, int32_t y_end)                   \
    {                                                                                                                  \
        const rf_##name##_params q = *p; /* which what is stored might be part of */                                   \
        for (int32_t y = y_begin; y < y_end; y++) {                                                                    \
            const T *rows[RF_DEPTHWISE_ANY_ROWS];                                                                      \
            const int32_t image = y / p->out.h;                                                                        \
            const int32_t top = (y - image * p->out.h) * p->window.stride_h - p->window.pad_top;                       \
            const taps ys = inside(top, p->window.kernel_h, p->window.dilation_h, p->in.h);                            \
            T *to = out + rf_row(&p->out, y);                                                                          \
            for (int32_t ky = ys.begin; ky < ys.end; ky++) {                                                           \
                rows[ky] = in + rf_row(&p->in, image * p->in.h + top + ky * p->window.dilation_h);                     \
            }                                                                                                          \
            for (int32_t x = 0, left = -p->window.pad_left; x < p->out.w; x++, left += p->window.stride_w) {           \
                name##_pixel(q, rows, ys, left, to + x * p->out.c);                                                    \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE_DEPTHWISE(depthwise_any_s8_dsp, int8_t, add_row_s8, ZERO_S8, RESULT_S8)
DEFINE_DEPTHWISE(depthwise_s16_dsp, int16_t, add_row_s16, ZERO_S16, RESULT_S16)
