/*
 * conv2d_mve: int8 convolution on Helium. Loop order: output row, up to three pixels, then the panel of rf_mve_panel.h. The
 * windows of these pixels are gathered in the scratch, padding as the input's zero point; a 1x1 filter reads the image itself,
 * unless the output row lies over the input row. Registers: those of the panel. Cost: 0.125 instructions per MAC, 4 to 6 per output, and
 * per gathered pixel some 15 for each kernel row and 3 for each 16 bytes.
 */
#include "conv2d_mve.h"

#include "../rf_mve_panel.h"

RF_DEFINE_MVE_PANEL(one_up, 1, LONG, RF_MVE_UP)
RF_DEFINE_MVE_PANEL(two_up, 2, LONG, RF_MVE_UP)
RF_DEFINE_MVE_PANEL(three_up, 3, LONG, RF_MVE_UP)
RF_DEFINE_MVE_PANEL(one_away, 1, LONG, RF_MVE_AWAY)
RF_DEFINE_MVE_PANEL(two_away, 2, LONG, RF_MVE_AWAY)
RF_DEFINE_MVE_PANEL(three_away, 3, LONG, RF_MVE_AWAY)
RF_DEFINE_MVE_PANEL(short_one_up, 1, SHORT, RF_MVE_UP)
RF_DEFINE_MVE_PANEL(short_two_up, 2, SHORT, RF_MVE_UP)
RF_DEFINE_MVE_PANEL(short_three_up, 3, SHORT, RF_MVE_UP)
RF_DEFINE_MVE_PANEL(short_one_away, 1, SHORT, RF_MVE_AWAY)
RF_DEFINE_MVE_PANEL(short_two_away, 2, SHORT, RF_MVE_AWAY)
RF_DEFINE_MVE_PANEL(short_three_away, 3, SHORT, RF_MVE_AWAY)

enum { MOST_PIXELS = 3 };

static const rf_mve_panel_function panels[2][2][MOST_PIXELS] = {
    {{one_away, two_away, three_away}, {short_one_away, short_two_away, short_three_away}},
    {{one_up, two_up, three_up}, {short_one_up, short_two_up, short_three_up}},
};

/* Copies the window whose first column is `left` (in the image or before it); `top` may be outside as well. */
static void gather(const rf_conv2d_s8_mve_params *p, const int8_t *in, int32_t image, int32_t top, int32_t left, int8_t *to)
{
    const rf_window *window = &p->window;
    const int32_t channels = p->in.c, run = window->kernel_w * channels, reach = window->dilation_w * channels;
    for (int32_t ky = 0; ky < window->kernel_h; ky++, to += run) {
        const int32_t y = top + ky * window->dilation_h;
        if (y < 0 || y >= p->in.h) {
            rf_mve_fill(to, p->in_zero, run);
            continue;
        }
        const int8_t *from = in + rf_row(&p->in, image * p->in.h + y) + left * channels;
        if (window->dilation_w != 1) {
            for (int32_t kx = 0; kx < window->kernel_w; kx++) {
                const int32_t x = left + kx * window->dilation_w;
                if (x < 0 || x >= p->in.w) {
                    rf_mve_fill(to + kx * channels, p->in_zero, channels);
                } else {
                    rf_mve_copy(to + kx * channels, from + kx * reach, channels);
                }
            }
        } else if (left >= 0 && left + window->kernel_w <= p->in.w) {
            rf_mve_copy(to, from, run);
        } else {
            const int32_t before = rf_min(rf_max(-left, 0), window->kernel_w) * channels;
            const int32_t end = rf_max(rf_min(p->in.w - left, window->kernel_w) * channels, before);
            rf_mve_fill(to, p->in_zero, before);
            if (end > before) {
                rf_mve_copy(to + before, from + before, end - before);
            }
            rf_mve_fill(to + end, p->in_zero, run - end);
        }
    }
}

/* Whether the image's pixels can be read in place: nothing but one pixel of one row that is not overwritten meanwhile. */
static int32_t reads_in_place(const rf_conv2d_s8_mve_params *p, const int8_t *from, const int8_t *to)
{
    const rf_window *window = &p->window;
    const int32_t single = window->kernel_h == 1 && window->kernel_w == 1 && window->pad_top == 0 && window->pad_left == 0 &&
                           (p->out.h - 1) * window->stride_h < p->in.h && (p->out.w - 1) * window->stride_w < p->in.w;
    const uintptr_t in_row = (uintptr_t)from, out_row = (uintptr_t)to;
    return single && (out_row + (uintptr_t)(p->out.w * p->out.c) <= in_row ||
                      in_row + (uintptr_t)(p->in.w * p->in.c) <= out_row);
}

void rf_conv2d_s8_mve(const rf_conv2d_s8_mve_params *p, const int8_t *in, int8_t *out, void *scratch, int32_t y_begin,
                      int32_t y_end)
{
    const int32_t inputs = p->window.kernel_h * p->window.kernel_w * p->in.c;
    const int32_t is_short = inputs < RF_MVE_LONG, step = p->window.stride_w * p->in.c;
    rf_mve_panel panel = {{0}, 0, is_short ? inputs : inputs - RF_MVE_LONG, 0, 0, p->out_zero, 0, 0, 0};
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h, top = (y % p->out.h) * p->window.stride_h - p->window.pad_top;
        int8_t *to = out + rf_row(&p->out, y);
        const int8_t *row = in + rf_row(&p->in, image * p->in.h + rf_clamp(top, 0, p->in.h - 1));
        const int32_t in_place = reads_in_place(p, row, to);
        for (int32_t x = 0, pixels; x < p->out.w; x += pixels) {
            pixels = rf_min(p->out.w - x, MOST_PIXELS);
            for (int32_t i = 0; i < pixels; i++) {
                panel.pixel[i] = in_place ? row + (x + i) * step : (int8_t *)scratch + i * inputs;
                if (!in_place) {
                    const int32_t left = (x + i) * p->window.stride_w - p->window.pad_left;
                    gather(p, in, image, top, left, (int8_t *)scratch + i * inputs);
                }
            }
            rf_mve_run_channels(&panel, panels[p->rounds_down][is_short][pixels - 1], p->weights, p->table, inputs, p->out.c,
                                to + x * p->out.c, pixels);
        }
        if (p->act_min != INT8_MIN || p->act_max != INT8_MAX) {
            rf_mve_clamp(to, p->act_min, p->act_max, p->out.w * p->out.c);
        }
    }
}
