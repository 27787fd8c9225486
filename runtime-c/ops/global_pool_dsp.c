/*
 * global_pool_dsp: int8 sums on the DSP extension. Loop order: row, four channels, up to 255 pixels, whose sums fit 16 bits: two
 * words hold them for four channels. Registers: two sums, the pointer. Cost on a Cortex-M4: 1.5 instructions per input, and 5
 * per channel and row.
 */
#include "global_pool_dsp.h"

#include "../rf_dsp.h"

/* Pixels whose sum fits 16 bits for certain. */
enum { CHUNK = 255 };

static void add_pixels(const int8_t *from, int32_t channels, int32_t pixels, int32_t *sums)
{
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4) {
        const int8_t *pixel = from + c;
        int32_t even = 0, odd = 0;
        for (int32_t x = pixels; x > 0; x--, pixel += channels) {
            const int32_t word = rf_dsp_load(pixel);
            even = rf_dsp_sxtab16(even, word);
            odd = rf_dsp_sxtab16_odd(odd, word);
        }
        sums[c] += rf_dsp_low(even);
        sums[c + 1] += rf_dsp_low(odd);
        sums[c + 2] += rf_dsp_high(even);
        sums[c + 3] += rf_dsp_high(odd);
    }
    for (; c < channels; c++) {
        for (int32_t x = 0; x < pixels; x++) {
            sums[c] += from[x * channels + c];
        }
    }
}

static void add_rows(const rf_plane *plane, const int8_t *in, int32_t *sums, int32_t y_begin, int32_t y_end)
{
    if (y_begin == 0) {
        memset(sums, 0, (size_t)plane->c * sizeof *sums);
    }
    /* Rows that follow each other are one long row. */
    const int32_t rows = plane->rows ? 1 : y_end - y_begin;
    for (int32_t y = y_begin; y < y_end; y += rows) {
        const int8_t *from = in + rf_row(plane, y);
        for (int32_t left = rows * plane->w; left > 0; left -= CHUNK, from += CHUNK * plane->c) {
            add_pixels(from, plane->c, rf_min(left, CHUNK), sums);
        }
    }
}

void rf_global_average_s8_dsp(const rf_global_average_int_dsp_params *p, const int8_t *in, int8_t *out, void *scratch,
                              int32_t y_begin, int32_t y_end)
{
    int32_t *sums = (int32_t *)scratch;
    const int32_t count = p->in.h * p->in.w;
    add_rows(&p->in, in, sums, y_begin, y_end);
    for (int32_t c = 0; y_end == p->in.h && c < p->in.c; c++) {
        const int32_t half = sums[c] > 0 ? count / 2 : -(count / 2);
        out[c] = (int8_t)rf_clamp((sums[c] + half) / count, p->act_min, p->act_max);
    }
}

void rf_global_reduce_s8_dsp(const rf_global_reduce_int_dsp_params *p, const int8_t *in, int8_t *out, void *scratch,
                             int32_t y_begin, int32_t y_end)
{
    int32_t *sums = (int32_t *)scratch;
    add_rows(&p->in, in, sums, y_begin, y_end);
    for (int32_t c = 0; y_end == p->in.h && c < p->in.c; c++) {
        const int32_t scaled = rf_scale(sums[c] - p->bias, p->multiplier, p->shift) + p->out_zero;
        out[c] = (int8_t)rf_clamp(scaled, INT8_MIN, INT8_MAX);
    }
}
