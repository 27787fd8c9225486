/*
 * pool2d_mve: int8 pooling on Helium, any number of channels. Loop order: output row, pixel, 64 channels; then window row, 16
 * channels (maximum) or 32 and eight (average, rf_mve_mean.h), column. An output may lie on its inputs: results of 64 channels
 * wait on the stack until all of theirs are read. Registers of the maximum: q0 results, q1 inputs. Cost per 16 inputs: 5
 * instructions (maximum, average).
 */
#include "pool2d_mve.h"

#include "../rf_mve_mean.h"

enum { BLOCK = 64 };

/* The part of a window that lies inside the image: its upper left pixel, and how many rows and columns. */
typedef struct {
    int32_t y, x, rows, columns;
} part;

static part part_of(const rf_pool2d_int_mve_params *p, int32_t y, int32_t x)
{
    const int32_t top = (y % p->out.h) * p->window.stride_h - p->window.pad_top;
    const int32_t left = x * p->window.stride_w - p->window.pad_left;
    part at = {rf_max(top, 0), rf_max(left, 0), 0, 0};
    at.rows = rf_min(top + p->window.kernel_h, p->in.h) - at.y;
    at.columns = rf_min(left + p->window.kernel_w, p->in.w) - at.x;
    at.y += y / p->out.h * p->in.h;
    return at;
}

/* Raises `best` to the largest of 1 or more pixels, `step` bytes from each other. */
static void raise_to(int8_t *best, const int8_t *from, int32_t step, int32_t pixels, int32_t channels)
{
#if RF_MVE_NATIVE
    for (int32_t c = 0; c < channels; c += 16) {
        const int8_t *at = from + c;
        __asm__ volatile("vctp.8 %[left]\n vpst\n vldrbt.u8 q0, [%[best]]\n dls lr, %[pixels]\n"
                         "1: vpst\n vldrbt.u8 q1, [%[at]]\n vmax.s8 q0, q0, q1\n add %[at], %[step]\n le lr, 1b\n"
                         "vpst\n vstrbt.8 q0, [%[best]]\n"
                         : [at] "+l"(at)
                         : [best] "l"(best + c), [step] "r"(step), [pixels] "r"(pixels), [left] "r"(channels - c)
                         : "lr", "q0", "q1", "cc", "memory");
    }
#else
    for (int32_t x = 0; x < pixels; x++, from += step) {
        for (int32_t c = 0; c < channels; c++) {
            best[c] = (int8_t)rf_max(best[c], from[c]);
        }
    }
#endif
}

void rf_average_pool2d_s8_mve(const rf_pool2d_int_mve_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                              int32_t y_end)
{
    const int32_t channels = p->in.c;
    int16_t sums[BLOCK];
    for (int32_t y = y_begin; y < y_end; y++) {
        int8_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++, to += channels) {
            const part at = part_of(p, y, x);
            for (int32_t c = 0; c < channels; c += BLOCK) {
                const int32_t n = rf_min(BLOCK, channels - c);
                rf_mve_fill((int8_t *)sums, 0, 2 * n);
                for (int32_t row = 0; row < at.rows; row++) {
                    const int8_t *from = in + rf_row(&p->in, at.y + row) + at.x * channels + c;
                    rf_mve_add_pixels(sums, from, channels, at.columns, n);
                }
                rf_mve_means(to + c, sums, at.rows * at.columns, n, p->act_min, p->act_max);
            }
        }
    }
}

void rf_max_pool2d_s8_mve(const rf_pool2d_int_mve_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                          int32_t y_end)
{
    const int32_t channels = p->in.c;
    int8_t best[BLOCK];
    for (int32_t y = y_begin; y < y_end; y++) {
        int8_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++, to += channels) {
            const part at = part_of(p, y, x);
            for (int32_t c = 0; c < channels; c += BLOCK) {
                const int32_t n = rf_min(BLOCK, channels - c);
                rf_mve_fill(best, p->act_min, n);
                for (int32_t row = 0; row < at.rows; row++) {
                    const int8_t *from = in + rf_row(&p->in, at.y + row) + at.x * channels + c;
                    raise_to(best, from, channels, at.columns, n);
                }
                rf_mve_copy(to + c, best, n);
                if (p->act_max != INT8_MAX) {
                    rf_mve_clamp(to + c, p->act_min, p->act_max, n);
                }
            }
        }
    }
}
