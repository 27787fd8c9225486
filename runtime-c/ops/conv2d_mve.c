/*
 * conv2d_mve: int8 convolution on Helium. Loop order: output row, up to three pixels, then the panel of rf_mve_panel.h. The
 * windows of these pixels are gathered in the scratch, padding as the input's zero point; a 1x1 filter reads the image itself,
 * unless the output row lies over the input row. Registers: those of the panel. Cost: 0.125 instructions per MAC, 4 to 6 per output, and
 * per gathered pixel some 15 for each row of the filter and 3 for each 16 bytes.
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

#if RF_MVE_NATIVE

/* Copies `run` bytes `count` times, from places `from_step` apart to places `to_step` apart. */
static inline void copy_runs(int8_t *to, int32_t to_step, const int8_t *from, int32_t from_step, int32_t run, int32_t count)
{
    const int8_t *a;
    int8_t *b;
    __asm__ volatile("1: mov %[a], %[from]\n mov %[b], %[to]\n wlstp.8 lr, %[run], 3f\n"
                     "2: vldrb.8 q0, [%[a]], #16\n vstrb.8 q0, [%[b]], #16\n letp lr, 2b\n"
                     "3: add %[from], %[from], %[from_step]\n add %[to], %[to], %[to_step]\n"
                     "subs %[count], %[count], #1\n bne 1b\n"
                     : [a] "=&r"(a), [b] "=&r"(b), [from] "+r"(from), [to] "+r"(to), [count] "+r"(count)
                     : [run] "r"(run), [from_step] "r"(from_step), [to_step] "r"(to_step)
                     : "lr", "q0", "cc", "memory");
}

#else

static inline void copy_runs(int8_t *to, int32_t to_step, const int8_t *from, int32_t from_step, int32_t run, int32_t count)
{
    for (; count > 0; count--, to += to_step, from += from_step) {
        memcpy(to, from, (size_t)run);
    }
}

#endif

/* Row `ky` of the windows of pixels x to x + pixels - 1 into their columns in the scratch, from a row of the image or NULL. */
static void gather_row(const rf_conv2d_s8_mve_params *p, const int8_t *row, int32_t x, int32_t pixels, int8_t *to,
                       int32_t inputs)
{
    const rf_window *w = &p->window;
    const int32_t channels = p->in.c, run = w->kernel_w * channels;
    int32_t left = x * w->stride_w - w->pad_left;
    if (row && w->dilation_w == 1 && left >= 0 && left + (pixels - 1) * w->stride_w + w->kernel_w <= p->in.w) {
        copy_runs(to, inputs, row + left * channels, w->stride_w * channels, run, pixels);
        return;
    }
    for (int32_t i = 0; i < pixels; i++, left += w->stride_w, to += inputs) {
        if (!row) {
            rf_mve_fill(to, p->in_zero, run);
        } else if (w->dilation_w == 1) {
            const int32_t begin = rf_clamp(-left, 0, w->kernel_w), end = rf_clamp(p->in.w - left, begin, w->kernel_w);
            rf_mve_fill(to, p->in_zero, begin * channels);
            rf_mve_copy(to + begin * channels, row + (left + begin) * channels, (end - begin) * channels);
            rf_mve_fill(to + end * channels, p->in_zero, (w->kernel_w - end) * channels);
        } else {
            for (int32_t kx = 0; kx < w->kernel_w; kx++) {
                const int32_t at = left + kx * w->dilation_w;
                if (at < 0 || at >= p->in.w) {
                    rf_mve_fill(to + kx * channels, p->in_zero, channels);
                } else {
                    rf_mve_copy(to + kx * channels, row + at * channels, channels);
                }
            }
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
            const int8_t *first = in_place ? row + x * step : (const int8_t *)scratch;
            panel.pixel[0] = first;
            panel.pixel[1] = first + (in_place ? step : inputs);
            panel.pixel[2] = first + 2 * (in_place ? step : inputs);
            for (int32_t ky = 0; !in_place && ky < p->window.kernel_h; ky++) {
                const int32_t at = top + ky * p->window.dilation_h;
                const int8_t *from = at < 0 || at >= p->in.h ? NULL : in + rf_row(&p->in, image * p->in.h + at);
                gather_row(p, from, x, pixels, (int8_t *)scratch + ky * p->window.kernel_w * p->in.c, inputs);
            }
            rf_mve_run_channels(&panel, panels[p->rounds_down][is_short][pixels - 1], p->weights, p->table, inputs, p->out.c,
                                to + x * p->out.c, pixels);
        }
        if (p->act_min != INT8_MIN || p->act_max != INT8_MAX) {
            rf_mve_clamp(to, p->act_min, p->act_max, p->out.w * p->out.c);
        }
    }
}
