/*
 * pool2d_dsp: int8 pooling on the DSP extension, four channels to a word. Loop order: output row, pixel, four channels; then
 * window row, column. Cost on a Cortex-M4 per input: 1.5 instructions, and 3 (maximum) or 9 (average) per output.
 */
#include "pool2d_dsp.h"

#include "../rf_dsp.h"

/* The part of a window that lies inside the image: its upper left pixel, and how many rows and columns. */
typedef struct {
    int32_t y, x, rows, columns;
} part;

static part part_of(const rf_pool2d_int_dsp_params *p, int32_t y, int32_t x)
{
    const int32_t top = (y % p->out.h) * p->window.stride_h - p->window.pad_top;
    const int32_t left = x * p->window.stride_w - p->window.pad_left;
    part at = {rf_max(top, 0), rf_max(left, 0), 0, 0};
    at.rows = rf_min(top + p->window.kernel_h, p->in.h) - at.y;
    at.columns = rf_min(left + p->window.kernel_w, p->in.w) - at.x;
    at.y += y / p->out.h * p->in.h;
    return at;
}

RF_DSP_INLINE int32_t rounded_mean(const rf_pool2d_int_dsp_params *p, int32_t total, int32_t count)
{
    const int32_t half = total > 0 ? count / 2 : -(count / 2);
    return rf_clamp((total + half) / count, p->act_min, p->act_max);
}

void rf_average_pool2d_s8_dsp(const rf_pool2d_int_dsp_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                              int32_t y_end)
{
    const int32_t channels = p->in.c;
    for (int32_t y = y_begin; y < y_end; y++) {
        int8_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const part at = part_of(p, y, x);
            const int32_t count = at.rows * at.columns;
            for (int32_t c = 0; c < channels; c += 4, to += 4) {
                int32_t even = 0, odd = 0;
                for (int32_t row = 0; row < at.rows; row++) {
                    const int8_t *from = in + rf_row(&p->in, at.y + row) + at.x * channels + c;
                    for (int32_t left = at.columns; left > 0; left--, from += channels) {
                        const int32_t word = rf_dsp_load(from);
                        even = rf_dsp_sxtab16(even, word);
                        odd = rf_dsp_sxtab16_odd(odd, word);
                    }
                }
                to[0] = (int8_t)rounded_mean(p, rf_dsp_low(even), count);
                to[1] = (int8_t)rounded_mean(p, rf_dsp_low(odd), count);
                to[2] = (int8_t)rounded_mean(p, rf_dsp_high(even), count);
                to[3] = (int8_t)rounded_mean(p, rf_dsp_high(odd), count);
            }
        }
    }
}

void rf_max_pool2d_s8_dsp(const rf_pool2d_int_dsp_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                          int32_t y_end)
{
    const int32_t channels = p->in.c;
    const int32_t lowest = (int32_t)((uint32_t)(p->act_min & 0xFF) * 0x01010101u);
    const int32_t highest = (int32_t)((uint32_t)(p->act_max & 0xFF) * 0x01010101u);
    for (int32_t y = y_begin; y < y_end; y++) {
        int8_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const part at = part_of(p, y, x);
            for (int32_t c = 0; c < channels; c += 4, to += 4) {
                int32_t largest = lowest;
                for (int32_t row = 0; row < at.rows; row++) {
                    const int8_t *from = in + rf_row(&p->in, at.y + row) + at.x * channels + c;
                    for (int32_t left = at.columns; left > 0; left--, from += channels) {
                        largest = rf_dsp_max4(largest, rf_dsp_load(from));
                    }
                }
                largest = rf_dsp_min4(largest, highest);
                memcpy(to, &largest, sizeof largest);
            }
        }
    }
}
