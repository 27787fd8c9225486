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

#if RF_DSP_NATIVE

/*
 * `words` > 0 words of two to four pixels `pitch` bytes apart, interleaved pair by pair. r0 to r3 pixels, r8 to r11 their
 * words and even bytes, r4 to r7 their odd bytes, r12 the column, lr its end: 16 instructions for 16 inputs.
 */
#define WORDS_HEAD "push {r4-r11, lr}\n mov r12, r0\n mov r0, r1\n mov lr, r3\n add r1, r0, r2\n add r3, r2, r1\n"
RF_DSP_ASSEMBLY static int32_t *put_words4(int32_t *to __attribute__((unused)),
                                                            const int8_t *from __attribute__((unused)),
                                                            int32_t pitch __attribute__((unused)),
                                                            int32_t words __attribute__((unused)))
{
    __asm__(WORDS_HEAD "mov r4, r3\n add r3, r3, r2\n mov r2, r4\n add lr, r12, lr, lsl #5\n"
            "1: ldr r8, [r0], #4\n ldr r9, [r1], #4\n ldr r10, [r2], #4\n ldr r11, [r3], #4\n"
            "sxtb16 r4, r8, ror #8\n sxtb16 r5, r9, ror #8\n sxtb16 r6, r10, ror #8\n sxtb16 r7, r11, ror #8\n"
            "sxtb16 r8, r8\n sxtb16 r9, r9\n sxtb16 r10, r10\n sxtb16 r11, r11\n"
            "stm r12!, {r8-r11}\n stm r12!, {r4-r7}\n cmp r12, lr\n bne 1b\n mov r0, r12\n pop {r4-r11, pc}\n");
}
RF_DSP_ASSEMBLY static int32_t *put_words3(int32_t *to __attribute__((unused)),
                                                            const int8_t *from __attribute__((unused)),
                                                            int32_t pitch __attribute__((unused)),
                                                            int32_t words __attribute__((unused)))
{
    __asm__(WORDS_HEAD "add lr, lr, lr, lsl #1\n add lr, r12, lr, lsl #3\n"
            "1: ldr r8, [r0], #4\n ldr r9, [r1], #4\n ldr r10, [r3], #4\n"
            "sxtb16 r4, r8, ror #8\n sxtb16 r5, r9, ror #8\n sxtb16 r6, r10, ror #8\n"
            "sxtb16 r8, r8\n sxtb16 r9, r9\n sxtb16 r10, r10\n"
            "stm r12!, {r8-r10}\n stm r12!, {r4-r6}\n cmp r12, lr\n bne 1b\n mov r0, r12\n pop {r4-r11, pc}\n");
}
RF_DSP_ASSEMBLY static int32_t *put_words2(int32_t *to __attribute__((unused)),
                                                            const int8_t *from __attribute__((unused)),
                                                            int32_t pitch __attribute__((unused)),
                                                            int32_t words __attribute__((unused)))
{
    __asm__(WORDS_HEAD "add lr, r12, lr, lsl #4\n"
            "1: ldr r8, [r0], #4\n ldr r9, [r1], #4\n"
            "sxtb16 r4, r8, ror #8\n sxtb16 r5, r9, ror #8\n sxtb16 r2, r8\n sxtb16 r3, r9\n"
            "stm r12!, {r2-r5}\n cmp r12, lr\n bne 1b\n mov r0, r12\n pop {r4-r11, pc}\n");
}

static inline int32_t *put_words(int32_t *to, int32_t pixels, const int8_t *from, int32_t pitch, int32_t words)
{
    if (pixels == 2) {
        return put_words2(to, from, pitch, words);
    }
    return pixels == 4 ? put_words4(to, from, pitch, words) : put_words3(to, from, pitch, words);
}

#else

static int32_t *put_words(int32_t *to, int32_t pixels, const int8_t *from, int32_t pitch, int32_t words)
{
    for (int32_t i = 0; i < pixels; i++) {
        put(to + i, pixels, from + i * pitch, 4 * words);
    }
    return to + 2 * words * pixels;
}

#endif

/* As put, for two to four pixels `pitch` bytes apart. */
static inline int32_t *put_pixels(int32_t *to, int32_t pixels, const int8_t *from, int32_t pitch, int32_t count)
{
    const int32_t words = count >> 2, rest = count & 3;
    if (words > 0) {
        to = put_words(to, pixels, from, pitch, words);
        from += 4 * words;
    }
    for (int32_t i = 0; rest != 0 && i < pixels; i++, from += pitch) {
        put(to + i, pixels, from, rest);
    }
    return to + ((rest + 1) >> 1) * pixels;
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

/* The kernel rows of one output row: where they begin in the input; NULL outside the image. */
typedef struct {
    const int8_t *rows[RF_CONV2D_DSP_ROWS];
} look;

static void look_at(const rf_conv2d_s8_dsp_params *p, const int8_t *in, int32_t y, look *at)
{
    const int32_t image = y / p->out.h;
    const int32_t top = (y - image * p->out.h) * p->window.stride_h - p->window.pad_top;
    for (int32_t k = 0; k < p->window.kernel_h; k++) {
        const int32_t iy = top + k * p->window.dilation_h;
        at->rows[k] = iy >= 0 && iy < p->in.h ? in + rf_row(&p->in, image * p->in.h + iy) : NULL;
    }
}

/* One kernel row that hangs over an end of the image, or is dilated. */
static int32_t *put_broken_row(const rf_conv2d_s8_dsp_params *p, int32_t left, const int8_t *row, int8_t *bytes,
                               int32_t *to, int32_t step)
{
    const int32_t c = p->in.c, dilation = p->window.dilation_w, kernel = p->window.kernel_w;
    int8_t *end = bytes;
    for (int32_t k = 0, x = left; k < kernel; k++, x += dilation) {
        const int32_t is_inside = x >= 0 && x < p->in.w;
        const int8_t *from = row + x * c;
        if ((c & 3) == 0) {
            to = is_inside ? put(to, step, from, c) : put_zero_points(to, step, c >> 1, p->in_zero);
            continue;
        }
        for (int32_t i = 0; i < c; i++) {
            *end++ = is_inside ? from[i] : (int8_t)p->in_zero;
        }
    }
    return (c & 3) == 0 ? to : put(to, step, bytes, kernel * c);
}

/* Kernel rows begin to end - 1. */
typedef struct {
    int32_t begin, end;
} row_range;

/* The inputs of output pixel x of a row that lie in some kernel rows. */
static void gather(const rf_conv2d_s8_dsp_params *p, const look *at, row_range rows, int32_t x, int8_t *bytes, int32_t *to,
                   int32_t step)
{
    const int32_t kernel = p->window.kernel_w, c = p->in.c;
    const int32_t left = x * p->window.stride_w - p->window.pad_left;
    const int32_t is_whole = p->window.dilation_w == 1 && left >= 0 && left + kernel <= p->in.w;
    for (int32_t k = rows.begin; k < rows.end; k++) {
        if (!at->rows[k]) {
            to = put_zero_points(to, step, pairs_of(kernel * c), p->in_zero);
        } else if (is_whole) {
            to = put(to, step, at->rows[k] + left * c, kernel * c);
        } else {
            to = put_broken_row(p, left, at->rows[k], bytes, to, step);
        }
    }
}

/* The same of two to four pixels from x on whose windows stay inside the row. */
static void gather_inside(const rf_conv2d_s8_dsp_params *p, const look *at, row_range rows, int32_t x, int32_t *to,
                          int32_t pixels)
{
    const int32_t count = p->window.kernel_w * p->in.c, pitch = p->window.stride_w * p->in.c;
    const int32_t left = (x * p->window.stride_w - p->window.pad_left) * p->in.c;
    for (int32_t k = rows.begin; k < rows.end; k++) {
        to = at->rows[k] ? put_pixels(to, pixels, at->rows[k] + left, pitch, count)
                         : put_zero_points(to, 1, pairs_of(count) * pixels, p->in_zero);
    }
}

/* The channels of gathered pixels; an odd last one is computed beside, so that nothing lands behind it. */
static void multiply(const rf_conv2d_s8_dsp_params *p, const int32_t *columns, int32_t pixels, int8_t *out)
{
    const rf_dsp_panel_function run = rf_dsp_panel_for(pixels, p->rounds_down);
    const int32_t whole = p->out.c >> 1;
    const int32_t *last = p->table + whole * RF_DSP_PAIR_WORDS;
    rf_dsp_panel panel = {columns, columns + pixels * p->pairs, p->table, out, p->out.c, last, p->weights};
    int32_t done = 0;
    if (pixels == 2 && whole > 1) {
        done = whole & ~1;
        panel.table_end = p->table + done * RF_DSP_PAIR_WORDS;
        rf_dsp_panel22_for(p->rounds_down)(&panel);
        panel.table = panel.table_end;
        panel.table_end = last;
        panel.out += 2 * done;
        panel.weights += 4 * p->pairs * done;
    }
    if (whole > done) {
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

/* Two neighbours of a row in two parts: half the columns at a time, sums of all channels between them. */
static void multiply_parts(const rf_conv2d_s8_dsp_params *p, const look *at, int32_t x, int32_t is_inside, int32_t *columns,
                           int8_t *out)
{
    const int32_t row_pairs = p->pairs / p->window.kernel_h;
    const int32_t most = rf_max(p->first_rows, p->window.kernel_h - p->first_rows) * row_pairs * 2;
    int32_t *sums = columns + rf_max(most, p->pairs);
    const int32_t *table_end = p->table + (p->out.c >> 1) * RF_DSP_PAIR_WORDS;
    for (int32_t part = 0; part < 2; part++) {
        const row_range rows = {part * p->first_rows, part == 0 ? p->first_rows : p->window.kernel_h};
        for (int32_t i = 0; !is_inside && i < 2; i++) {
            gather(p, at, rows, x + i, NULL, columns + i, 2);
        }
        if (is_inside) {
            gather_inside(p, at, rows, x, columns, 2);
        }
        const rf_dsp_part work = {columns,   columns + (rows.end - rows.begin) * row_pairs * 2,
                                  p->table,  out,
                                  p->out.c,  table_end,
                                  sums,      4 * p->pairs,
                                  p->weights + 4 * rows.begin * row_pairs};
        rf_dsp_part_for(part, p->rounds_down)(&work);
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
    const row_range all = {0, p->window.kernel_h};
    /* Pixels inside_begin to inside_end - 1 of a row look only at columns of the image. */
    const int32_t stride = p->window.stride_w, pad = p->window.pad_left;
    const int32_t inside_begin = (pad + stride - 1) / stride;
    const int32_t inside_end = p->window.dilation_w == 1 ? (p->in.w - p->window.kernel_w + pad + stride) / stride : 0;
    /* Output rows that follow each other are one long row. */
    const int32_t rows = p->out.rows ? 1 : y_end - y_begin;
    for (int32_t y = y_begin; y < y_end; y += rows) {
        int8_t *to = out + rf_row(&p->out, y);
        int32_t at_y = y, x = 0;
        look at;
        look_at(p, in, y, &at);
        for (int32_t left = rows * p->out.w; left > 0;) {
            int32_t pixels = rf_dsp_next_pixels(left, p->pixels);
            const int32_t is_inside = x >= inside_begin && x + pixels <= inside_end;
            /* Parts take neighbours of one row, so the last one of an odd row goes alone. */
            if (p->first_rows > 0 && x + pixels > p->out.w) {
                pixels = 1;
            }
            const int32_t in_parts = p->first_rows > 0 && pixels == 2;
            if (in_parts) {
                multiply_parts(p, &at, x, is_inside, columns, to);
                x += pixels;
            } else if (pixels > 1 && is_inside) {
                gather_inside(p, &at, all, x, columns, pixels);
                x += pixels;
            } else {
                for (int32_t i = 0; i < pixels; i++) {
                    gather(p, &at, all, x, bytes, columns + i, pixels);
                    if (++x == p->out.w && ++at_y < y_end) {
                        x = 0;
                        look_at(p, in, at_y, &at);
                    }
                }
            }
            if (x == p->out.w && ++at_y < y_end) {
                x = 0;
                look_at(p, in, at_y, &at);
            }
            if (!in_parts) {
                multiply(p, columns, pixels, to);
            }
            clamp(p, to, pixels * p->out.c);
            to += pixels * p->out.c;
            left -= pixels;
        }
    }
}
