/*
 * depthwise_conv2d_dsp: int8 depthwise convolution on the DSP extension. SMLAD wants two taps of one channel in a register,
 * but NHWC has four channels in a word; so for four channels and a strip of the output row, the input columns are first
 * turned into words of two rows of one channel each (an odd last row stays as two channels to a word, and the weights of
 * the other one are 0). Then each channel runs along the strip, four outputs at a time.
 *
 * Loop order: four channels, output row, strip, channel, four pixels; kernel row pair, column. Registers: four sums, a weight,
 * an input; GCC keeps what else fits. Cost on a Cortex-M4 per output: 5 to 7 for its share of the columns, 6 to 9 to
 * requantise and store, and per tap 0.8 to 1.4.
 *
 * Requantisation as in rf_dsp_scale.h, with sums of 24 bits; where results round down, weights and bias carry the factor 256.
 */
#include "depthwise_conv2d_dsp.h"

#include "../rf_dsp_scale.h"

typedef rf_depthwise_conv2d_s8_dsp_params params;

/* One channel's requantisation. */
typedef struct {
    int32_t bias, multiplier, add, shift;
} scaling;

/* What is known when the kernel is compiled, or read from the parameters in the general one. */
typedef struct {
    int32_t kernel_h, kernel_w, stride, dilation, rounds_down;
} form;

RF_DSP_INLINE int32_t column_words(form f) { return 4 * (f.kernel_h / 2) + 2 * (f.kernel_h & 1); }
RF_DSP_INLINE int32_t weight_words(form f) { return (f.kernel_h + 1) / 2 * f.kernel_w; }

/* Two weights as halves of a word, times 256 where results round down. */
RF_DSP_INLINE int32_t halves(form f, int32_t first, int32_t second)
{
    return f.rounds_down ? rf_dsp_pair(first * 256, second * 256) : rf_dsp_pair(first, second);
}

/* The weights of channel `channel` of a group as words for SMLAD. */
RF_DSP_INLINE void unpack(form f, const int8_t *from, int32_t channel, int32_t *to)
{
    const int32_t taps = f.kernel_h / 2 * f.kernel_w;
    int32_t t = 0;
    for (; t + 2 <= taps; t += 2, from += 4, to += 2) {
        const int32_t word = rf_dsp_load(from);
        if (f.rounds_down) {
            to[0] = (int32_t)(((uint32_t)word << 8) & 0xFF00FF00u);
            to[1] = (int32_t)((uint32_t)word & 0xFF00FF00u);
        } else {
            to[0] = rf_dsp_sxtb16(word);
            to[1] = rf_dsp_sxtb16_odd(word);
        }
    }
    if (t < taps) {
        *to++ = halves(f, from[0], from[1]);
        from += 2;
    }
    /* Channels 0 and 1 are the lower halves of their words, 2 and 3 the upper ones. */
    for (int32_t j = 0; j < (f.kernel_h & 1) * f.kernel_w; j++) {
        to[j] = channel < 2 ? halves(f, from[j], 0) : halves(f, 0, from[j]);
    }
}

/* Rows `upper` and `lower` of four channels, as words of one channel: 0, 2, 1, 3. */
RF_DSP_INLINE void turn_pair(const int8_t *upper, const int8_t *lower, int32_t upper_step, int32_t lower_step,
                             int32_t columns, int32_t *to, int32_t words)
{
    for (; columns > 0; columns--, to += words) {
        const int32_t a = rf_dsp_load(upper), b = rf_dsp_load(lower);
        const int32_t a02 = rf_dsp_sxtb16(a), a13 = rf_dsp_sxtb16_odd(a);
        const int32_t b02 = rf_dsp_sxtb16(b), b13 = rf_dsp_sxtb16_odd(b);
        to[0] = rf_dsp_pack_low(a02, b02);
        to[1] = rf_dsp_pack_high(a02, b02);
        to[2] = rf_dsp_pack_low(a13, b13);
        to[3] = rf_dsp_pack_high(a13, b13);
        upper += upper_step;
        lower += lower_step;
    }
}

RF_DSP_INLINE void turn_single(const int8_t *row, int32_t step, int32_t columns, int32_t *to, int32_t words)
{
    for (; columns > 0; columns--, to += words, row += step) {
        const int32_t a = rf_dsp_load(row);
        to[0] = rf_dsp_sxtb16(a);
        to[1] = rf_dsp_sxtb16_odd(a);
    }
}

/* Four channels of the input columns `begin` to `end` - 1 that output row y needs, with zero points around the image. */
RF_DSP_INLINE void turn(const params *p, form f, const int8_t *in, int32_t y, int32_t begin, int32_t end, int32_t *to)
{
    const int32_t words = column_words(f), c = p->in.c;
    const int32_t image = y / p->out.h;
    const int32_t top = (y - image * p->out.h) * p->window.stride_h - p->window.pad_top;
    const int32_t inside = rf_max(begin, 0), last = rf_max(rf_min(end, p->in.w), inside);
    const int8_t zeros[4] = {(int8_t)p->in_zero, (int8_t)p->in_zero, (int8_t)p->in_zero, (int8_t)p->in_zero};
    const int8_t *rows[2];
    int32_t steps[2];
    for (int32_t k = 0; k < f.kernel_h; k++) {
        const int32_t iy = top + k * p->window.dilation_h;
        const int32_t is_inside = iy >= 0 && iy < p->in.h;
        rows[k & 1] = is_inside ? in + rf_row(&p->in, image * p->in.h + iy) + inside * c : zeros;
        steps[k & 1] = is_inside ? c : 0;
        if (k & 1) {
            turn_pair(zeros, zeros, 0, 0, inside - begin, to, words);
            turn_pair(rows[0], rows[1], steps[0], steps[1], last - inside, to + (inside - begin) * words, words);
            turn_pair(zeros, zeros, 0, 0, end - last, to + (last - begin) * words, words);
            to += 4;
        } else if (k == f.kernel_h - 1) {
            turn_single(zeros, 0, inside - begin, to, words);
            turn_single(rows[0], steps[0], last - inside, to + (inside - begin) * words, words);
            turn_single(zeros, 0, end - last, to + (last - begin) * words, words);
        }
    }
}

RF_DSP_INLINE int8_t requantised(form f, const scaling *s, int32_t sum)
{
    return f.rounds_down ? rf_dsp_scale_floor(sum, s->multiplier, s->add, s->shift)
                         : rf_dsp_scale_round(rf_shl(sum, 1), s->multiplier, s->add, s->shift);
}

/* One channel along a strip. pairs and single: its words in the first column. */
RF_DSP_INLINE void run_channel(const params *p, form f, const int32_t *pairs, const int32_t *single, const int32_t *w,
                               const scaling *s, int8_t *out, int32_t count)
{
    const int32_t words = column_words(f), c = p->out.c;
    const int32_t next = f.stride * words, tap = f.dilation * words;
    const int32_t full = f.kernel_h / 2;
    for (; count >= 4; count -= 4) {
        int32_t s0 = s->bias, s1 = s0, s2 = s0, s3 = s0;
        RF_DSP_UNROLL
        for (int32_t k = 0; k < (f.kernel_h + 1) / 2; k++) {
            const int32_t *column = k < full ? pairs + 4 * k : single;
            RF_DSP_UNROLL
            for (int32_t j = 0; j < f.kernel_w; j++) {
                const int32_t x = w[k * f.kernel_w + j];
                s0 = rf_dsp_smlad(column[j * tap], x, s0);
                s1 = rf_dsp_smlad(column[j * tap + next], x, s1);
                s2 = rf_dsp_smlad(column[j * tap + 2 * next], x, s2);
                s3 = rf_dsp_smlad(column[j * tap + 3 * next], x, s3);
            }
        }
        out[0] = requantised(f, s, s0);
        out[c] = requantised(f, s, s1);
        out[2 * c] = requantised(f, s, s2);
        out[3 * c] = requantised(f, s, s3);
        out += 4 * c;
        pairs += 4 * next;
        single += 4 * next;
    }
    for (; count > 0; count--) {
        int32_t sum = s->bias;
        for (int32_t k = 0; k < (f.kernel_h + 1) / 2; k++) {
            const int32_t *column = k < full ? pairs + 4 * k : single;
            RF_DSP_UNROLL
            for (int32_t j = 0; j < f.kernel_w; j++) {
                sum = rf_dsp_smlad(column[j * tap], w[k * f.kernel_w + j], sum);
            }
        }
        *out = requantised(f, s, sum);
        out += c;
        pairs += next;
        single += next;
    }
}

RF_DSP_INLINE void run_strip(const params *p, form f, const int32_t *columns, const int32_t *weights,
                             const int32_t *table, int8_t *out, int32_t count)
{
    static const int8_t word_of[4] = {0, 2, 1, 3};
    const int32_t single = 4 * (f.kernel_h / 2);
    for (int32_t channel = 0; channel < 4; channel++, table += 3, weights += weight_words(f)) {
        const scaling s = {f.rounds_down ? table[0] & ~255 : table[0] >> 8, table[1], table[2], table[0] & 255};
        run_channel(p, f, columns + word_of[channel], columns + single + (channel & 1), weights, &s, out + channel,
                    count);
    }
}

/* A fused activation that SSAT does not cover. */
static void clamp(const params *p, int8_t *out, int32_t count)
{
    if (p->act_min == INT8_MIN && p->act_max == INT8_MAX) {
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        out[i] = (int8_t)rf_clamp(out[i], p->act_min, p->act_max);
    }
}

RF_DSP_INLINE void run(const params *p, form f, const int8_t *in, int8_t *out, int32_t *scratch, int32_t y_begin,
                       int32_t y_end)
{
    const int32_t filter = f.kernel_h * f.kernel_w;
    int32_t *columns = scratch + 4 * weight_words(f);
    for (int32_t c = 0; c < p->in.c; c += 4) {
        for (int32_t channel = 0; channel < 4; channel++) {
            unpack(f, p->weights + (c + channel) * filter, channel, scratch + channel * weight_words(f));
        }
        for (int32_t y = y_begin; y < y_end; y++) {
            int8_t *row = out + rf_row(&p->out, y) + c;
            for (int32_t x = 0; x < p->out.w; x += p->strip) {
                const int32_t count = rf_min(p->strip, p->out.w - x);
                const int32_t left = x * f.stride - p->window.pad_left;
                const int32_t width = (count - 1) * f.stride + (f.kernel_w - 1) * f.dilation + 1;
                turn(p, f, in + c, y, left, left + width, columns);
                run_strip(p, f, columns, scratch, p->table + 3 * c, row + x * p->out.c, count);
            }
        }
    }
    for (int32_t y = y_begin; y < y_end; y++) {
        clamp(p, out + rf_row(&p->out, y), p->out.w * p->out.c);
    }
}

#define DEFINE(name, ...)                                                                                              \
    void name(const params *p, const int8_t *in, int8_t *out, void *scratch, int32_t y_begin, int32_t y_end)           \
    {                                                                                                                  \
        const form f = {__VA_ARGS__};                                                                                  \
        run(p, f, in, out, (int32_t *)scratch, y_begin, y_end);                                                        \
    }

DEFINE(rf_depthwise_conv2d_s8_dsp_5x5_s1, 5, 5, 1, 1, 1)
DEFINE(rf_depthwise_conv2d_s8_dsp_5x5_s2, 5, 5, 2, 1, 1)
DEFINE(rf_depthwise_conv2d_s8_dsp_7x7_s1, 7, 7, 1, 1, 1)
DEFINE(rf_depthwise_conv2d_s8_dsp_7x7_s2, 7, 7, 2, 1, 1)
DEFINE(rf_depthwise_conv2d_s8_dsp, p->window.kernel_h, p->window.kernel_w, p->window.stride_w, p->window.dilation_w,
       p->rounds_down)
