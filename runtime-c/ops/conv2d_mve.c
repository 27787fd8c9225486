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

/* A row of the image that a filter's row lies over, and where its run of the first pixel goes. */
typedef struct {
    const int8_t *from;
    int8_t *to;
} line;

enum { MOST_ROWS = 16 };

#if RF_MVE_NATIVE

#define RUN                                                                                                            \
    "mov %[a], %[from]\n mov %[b], %[to]\n wlstp.8 lr, %[run], 3f\n"                                                    \
    "2: vldrb.8 q0, [%[a]], #16\n vstrb.8 q0, [%[b]], #16\n letp lr, 2b\n 3:\n"
#define NEXT_PIXEL "add %[from], %[from], %[step]\n add %[to], %[to], %[inputs]\n"

/* Copies `run` bytes of three pixels, `step` bytes apart from byte `left` of each line on, to places `inputs` bytes apart. */
static inline void copy_runs(const line *lines, int32_t count, int32_t left, int32_t step, int32_t run, int32_t inputs)
{
    const line *const end = lines + count;
    const int8_t *from, *a;
    int8_t *to, *b;
    __asm__ volatile("1: ldrd %[from], %[to], [%[lines]], #8\n add %[from], %[from], %[left]\n" RUN NEXT_PIXEL RUN NEXT_PIXEL RUN
                     "cmp %[lines], %[end]\n bne 1b\n"
                     : [from] "=&r"(from), [to] "=&r"(to), [a] "=&r"(a), [b] "=&r"(b), [lines] "+r"(lines)
                     : [end] "r"(end), [left] "r"(left), [step] "r"(step), [run] "r"(run), [inputs] "r"(inputs)
                     : "lr", "q0", "cc", "memory");
}

#else

static inline void copy_runs(const line *lines, int32_t count, int32_t left, int32_t step, int32_t run, int32_t inputs)
{
    for (int32_t i = 0; i < count * MOST_PIXELS; i++) {
        const line *l = lines + i / MOST_PIXELS;
        const int32_t pixel = i % MOST_PIXELS;
        memcpy(l->to + pixel * inputs, l->from + left + pixel * step, (size_t)run);
    }
}

#endif

/* The rows of the windows that begin in row `top`, as far as they lie in the image; returns how many. */
static int32_t lines_of(const rf_conv2d_s8_mve_params *p, const int8_t *in, int32_t image, int32_t top, int8_t *to, line *lines)
{
    int32_t count = 0;
    for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
        const int32_t y = top + ky * p->window.dilation_h;
        if (y >= 0 && y < p->in.h) {
            lines[count].from = in + rf_row(&p->in, image * p->in.h + y);
            lines[count++].to = to + ky * p->window.kernel_w * p->in.c;
        }
    }
    return count;
}

/* The windows of pixels x to x + pixels - 1 into the scratch, one behind the other. */
static void gather(const rf_conv2d_s8_mve_params *p, const line *lines, int32_t count, int32_t x, int32_t pixels, int8_t *to,
                   int32_t inputs)
{
    const rf_window *w = &p->window;
    const int32_t channels = p->in.c, dilation = w->dilation_w, first = x * w->stride_w - w->pad_left;
    const int32_t last = first + (pixels - 1) * w->stride_w + w->kernel_w;
    if (pixels == MOST_PIXELS && count == w->kernel_h && dilation == 1 && first >= 0 && last <= p->in.w) {
        copy_runs(lines, count, first * channels, w->stride_w * channels, w->kernel_w * channels, inputs);
        return;
    }
    rf_mve_fill(to, p->in_zero, pixels * inputs);
    for (int32_t i = 0, left = first; i < pixels; i++, left += w->stride_w) {
        /* Columns of the window inside the image; those of a dilated one singly. */
        const int32_t begin = left < 0 ? (-left + dilation - 1) / dilation : 0;
        const int32_t end = rf_min(w->kernel_w, (p->in.w - left + dilation - 1) / dilation);
        const int32_t cut = begin * channels, run = dilation == 1 ? (end - begin) * channels : channels;
        for (const line *l = lines; l != lines + count && begin < end; l++) {
            const int8_t *from = l->from + (left + begin * dilation) * channels;
            int8_t *at = l->to + i * inputs + cut;
            rf_mve_copy(at, from, run);
            for (int32_t kx = begin + 1; dilation > 1 && kx < end; kx++) {
                from += dilation * channels;
                at += channels;
                rf_mve_copy(at, from, channels);
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
    const int32_t is_short = inputs <= RF_MVE_FIRST, step = p->window.stride_w * p->in.c;
    rf_mve_panel panel = rf_mve_panel_of(p->weights, p->table, inputs, p->out.c, p->out_zero);
    const rf_mve_panel_function *runs = panels[p->rounds_down][is_short];
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h, top = (y % p->out.h) * p->window.stride_h - p->window.pad_top;
        int8_t *to = out + rf_row(&p->out, y);
        const int8_t *row = in + rf_row(&p->in, image * p->in.h + rf_clamp(top, 0, p->in.h - 1));
        const int32_t in_place = reads_in_place(p, row, to);
        line lines[MOST_ROWS];
        const int32_t count = in_place ? 0 : lines_of(p, in, image, top, (int8_t *)scratch, lines);
        for (int32_t x = 0, pixels; x < p->out.w; x += pixels) {
            pixels = rf_min(p->out.w - x, MOST_PIXELS);
            const int8_t *first = in_place ? row + x * step : (const int8_t *)scratch;
            panel.pixel[0] = first;
            panel.pixel[1] = first + (in_place ? step : inputs);
            panel.pixel[2] = first + 2 * (in_place ? step : inputs);
            if (!in_place) {
                gather(p, lines, count, x, pixels, (int8_t *)scratch, inputs);
            }
            rf_mve_run(&panel, runs[pixels - 1], p->table, inputs, p->out.c, to + x * p->out.c, pixels);
        }
        if (p->act_min != INT8_MIN || p->act_max != INT8_MAX) {
            rf_mve_clamp(to, p->act_min, p->act_max, p->out.w * p->out.c);
        }
    }
}
