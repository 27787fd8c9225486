/*
 * conv2d_dsp: int8 convolution on the DSP extension. Loop order: up to four neighbouring output pixels; their inputs are
 * gathered as 16-bit pairs, once for all channels and with the zero point where the window hangs over the edge; then
 * all pairs of channels (rf_dsp_panel.h). Cost on a Cortex-M4: 0.8 instructions per MAC in the panel, 9 per output, and 1.5
 * to 3 per gathered input, which all output channels share.
 */
#include "conv2d_dsp.h"

#include "../rf_dsp_panel.h"

/* Puts `count` inputs into a column as pairs: of every four 0 with 2 and 1 with 3. Returns where the column goes on. */
static inline int32_t *put(int32_t *to, int32_t step, const int8_t *from, int32_t count)
{
    for (int32_t words = count >> 2; words > 0; words--, from += 4) {
        const int32_t word = rf_dsp_load(from);
        to[0] = rf_dsp_sxtb16(word);
        to[step] = rf_dsp_sxtb16_odd(word);
        to += 2 * step;
    }
    switch (count & 3) {
    case 1:
        to[0] = rf_dsp_pair(from[0], 0);
        return to + step;
    case 2:
        to[0] = rf_dsp_pair(from[0], from[1]);
        return to + step;
    case 3:
        to[0] = rf_dsp_pair(from[0], from[2]);
        to[step] = rf_dsp_pair(from[1], 0);
        return to + 2 * step;
    default:
        return to;
    }
}

static inline int32_t *put_zero_points(int32_t *to, int32_t step, int32_t pairs, int32_t zero)
{
    const int32_t pair = rf_dsp_pair(zero, zero);
    for (; pairs > 0; pairs--, to += step) {
        *to = pair;
    }
    return to;
}

static int32_t pairs_of(int32_t count)
{
    return 2 * (count >> 2) + (((count & 3) + 1) >> 1);
}

/* Where one output pixel looks, and the part of each kernel row that lies inside the image: columns begin to end - 1. */
typedef struct {
    int32_t left, begin, end;
} look;

static look look_at(const rf_conv2d_s8_dsp_params *p, int32_t x)
{
    const int32_t dilation = p->window.dilation_w, kernel = p->window.kernel_w;
    const int32_t left = x * p->window.stride_w - p->window.pad_left;
    look at = {left, 0, kernel};
    while (at.begin < kernel && left + at.begin * dilation < 0) {
        at.begin++;
    }
    while (at.end > at.begin && left + (at.end - 1) * dilation >= p->in.w) {
        at.end--;
    }
    return at;
}

/* One kernel row of inputs: a piece of the image's row, with zero points before and behind. */
static int32_t *put_row(const rf_conv2d_s8_dsp_params *p, look at, const int8_t *row, int8_t *bytes, int32_t *to,
                        int32_t step)
{
    const int32_t c = p->in.c, dilation = p->window.dilation_w, kernel = p->window.kernel_w;
    const int8_t *from = row + (at.left + at.begin * dilation) * c;
    if (dilation == 1 && at.begin == 0 && at.end == kernel) {
        return put(to, step, from, kernel * c);
    }
    if ((c & 3) == 0) {
        to = put_zero_points(to, step, at.begin * (c >> 1), p->in_zero);
        for (int32_t k = at.begin; k < at.end; k++, from += dilation * c) {
            to = put(to, step, from, c);
        }
        return put_zero_points(to, step, (kernel - at.end) * (c >> 1), p->in_zero);
    }
    memset(bytes, p->in_zero, (size_t)(kernel * c));
    for (int32_t k = at.begin; k < at.end; k++, from += dilation * c) {
        memcpy(bytes + k * c, from, (size_t)c);
    }
    return put(to, step, bytes, kernel * c);
}

/* All inputs of output pixel (y, x). */
static void gather(const rf_conv2d_s8_dsp_params *p, const int8_t *in, int32_t y, int32_t x, int8_t *bytes, int32_t *to,
                   int32_t step)
{
    const int32_t image = y / p->out.h;
    const int32_t top = (y - image * p->out.h) * p->window.stride_h - p->window.pad_top;
    if (p->is_pointwise) {
        put(to, step, in + rf_row(&p->in, image * p->in.h + top) + x * p->window.stride_w * p->in.c, p->in.c);
        return;
    }
    const look at = look_at(p, x);
    for (int32_t k = 0; k < p->window.kernel_h; k++) {
        const int32_t iy = top + k * p->window.dilation_h;
        if (iy < 0 || iy >= p->in.h) {
            to = put_zero_points(to, step, pairs_of(p->window.kernel_w * p->in.c), p->in_zero);
        } else {
            to = put_row(p, at, in + rf_row(&p->in, image * p->in.h + iy), bytes, to, step);
        }
    }
}

/* The channels of gathered pixels; an odd last one is computed beside, so that nothing lands behind it. */
static void multiply(const rf_conv2d_s8_dsp_params *p, const int32_t *columns, int32_t pixels, int8_t *out)
{
    const rf_dsp_panel_function run = rf_dsp_panel_for(pixels, p->rounds_down);
    const int32_t whole = p->out.c >> 1;
    const int32_t *last = p->table + whole * RF_DSP_PAIR_WORDS;
    rf_dsp_panel panel = {columns, columns + pixels * p->pairs, p->table, out, p->out.c, last, p->weights};
    if (whole > 0) {
        run(&panel);
    }
    if (p->out.c & 1) {
        int8_t pair[8];
        panel.table = last;
        panel.table_end = last + RF_DSP_PAIR_WORDS;
        panel.out = pair;
        panel.stride = 2;
        panel.weights = p->weights + 4 * p->pairs * whole;
        run(&panel);
        for (int32_t i = 0; i < pixels; i++) {
            out[(i + 1) * p->out.c - 1] = pair[2 * i];
        }
    }
}

/* A fused activation that SSAT does not cover. */
static void clamp(const rf_conv2d_s8_dsp_params *p, int8_t *out, int32_t count)
{
    if (p->act_min == INT8_MIN && p->act_max == INT8_MAX) {
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        out[i] = (int8_t)rf_clamp(out[i], p->act_min, p->act_max);
    }
}

void rf_conv2d_s8_dsp(const rf_conv2d_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch, int32_t y_begin,
                      int32_t y_end)
{
    int32_t *columns = (int32_t *)scratch;
    int8_t *bytes = (int8_t *)(columns + p->pixels * p->pairs);
    /* Output rows that follow each other are one long row. */
    const int32_t rows = p->out.rows ? 1 : y_end - y_begin;
    for (int32_t y = y_begin; y < y_end; y += rows) {
        int8_t *to = out + rf_row(&p->out, y);
        int32_t at_y = y, x = 0;
        for (int32_t left = rows * p->out.w; left > 0;) {
            const int32_t pixels = rf_dsp_next_pixels(left, p->pixels);
            for (int32_t i = 0; i < pixels; i++) {
                gather(p, in, at_y, x, bytes, columns + i, pixels);
                if (++x == p->out.w) {
                    x = 0;
                    at_y++;
                }
            }
            multiply(p, columns, pixels, to);
            clamp(p, to, pixels * p->out.c);
            to += pixels * p->out.c;
            left -= pixels;
        }
    }
}
