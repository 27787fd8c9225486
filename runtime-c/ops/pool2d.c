/*
 * average_pool2d, max_pool2d: reference kernels. Loop order: output row, pixel, channel; then window row, column. Any
 * band of output rows, which may lie anywhere.
 */
#include "pool2d.h"

#include <float.h>

#include "../rf_quant.h"

typedef struct {
    int32_t begin, end;
} span;

/* The part of a window of `length` cells from `begin` on that lies inside an axis of `size` cells. */
static span clip(int32_t begin, int32_t length, int32_t size)
{
    const span inside = {rf_max(begin, 0), rf_min(begin + length, size)};
    return inside;
}

static int32_t cells(span rows, span columns)
{
    return (rows.end - rows.begin) * (columns.end - columns.begin);
}

/* Mean rounded half away from zero, as TFLM's integer average pooling rounds. */
static int32_t rounded_mean(int32_t total, int32_t count)
{
    return total > 0 ? (total + count / 2) / count : (total - count / 2) / count;
}

void rf_average_pool2d_s8(const rf_pool2d_int_params *p, const int8_t *in, int8_t *out, int32_t y_begin, int32_t y_end)
{
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const span rows = clip((y % p->out.h) * p->window.stride_h - p->window.pad_top, p->window.kernel_h, p->in.h);
        int8_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const span columns = clip(x * p->window.stride_w - p->window.pad_left, p->window.kernel_w, p->in.w);
            for (int32_t c = 0; c < p->out.c; c++) {
                int32_t total = 0;
                for (int32_t iy = rows.begin; iy < rows.end; iy++) {
                    const int8_t *from = in + rf_row(&p->in, image * p->in.h + iy) + c;
                    for (int32_t ix = columns.begin; ix < columns.end; ix++) {
                        total += from[ix * p->in.c];
                    }
                }
                const int32_t mean = rounded_mean(total, cells(rows, columns));
                *to++ = (int8_t)rf_clamp(mean, p->act_min, p->act_max);
            }
        }
    }
}

void rf_average_pool2d_s16(const rf_pool2d_int_params *p, const int16_t *in, int16_t *out, int32_t y_begin,
                           int32_t y_end)
{
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const span rows = clip((y % p->out.h) * p->window.stride_h - p->window.pad_top, p->window.kernel_h, p->in.h);
        int16_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const span columns = clip(x * p->window.stride_w - p->window.pad_left, p->window.kernel_w, p->in.w);
            for (int32_t c = 0; c < p->out.c; c++) {
                int32_t total = 0;
                for (int32_t iy = rows.begin; iy < rows.end; iy++) {
                    const int16_t *from = in + rf_row(&p->in, image * p->in.h + iy) + c;
                    for (int32_t ix = columns.begin; ix < columns.end; ix++) {
                        total += from[ix * p->in.c];
                    }
                }
                const int32_t mean = rounded_mean(total, cells(rows, columns));
                *to++ = (int16_t)rf_clamp(mean, p->act_min, p->act_max);
            }
        }
    }
}

void rf_average_pool2d_f32(const rf_pool2d_f32_params *p, const float *in, float *out, int32_t y_begin, int32_t y_end)
{
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const span rows = clip((y % p->out.h) * p->window.stride_h - p->window.pad_top, p->window.kernel_h, p->in.h);
        float *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const span columns = clip(x * p->window.stride_w - p->window.pad_left, p->window.kernel_w, p->in.w);
            for (int32_t c = 0; c < p->out.c; c++) {
                float total = 0.0f;
                for (int32_t iy = rows.begin; iy < rows.end; iy++) {
                    const float *from = in + rf_row(&p->in, image * p->in.h + iy) + c;
                    for (int32_t ix = columns.begin; ix < columns.end; ix++) {
                        total += from[ix * p->in.c];
                    }
                }
                float mean = total / (float)cells(rows, columns);
                mean = mean < p->act_min ? p->act_min : mean;
                *to++ = mean > p->act_max ? p->act_max : mean;
            }
        }
    }
}

void rf_max_pool2d_s8(const rf_pool2d_int_params *p, const int8_t *in, int8_t *out, int32_t y_begin, int32_t y_end)
{
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const span rows = clip((y % p->out.h) * p->window.stride_h - p->window.pad_top, p->window.kernel_h, p->in.h);
        int8_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const span columns = clip(x * p->window.stride_w - p->window.pad_left, p->window.kernel_w, p->in.w);
            for (int32_t c = 0; c < p->out.c; c++) {
                int32_t largest = INT8_MIN;
                for (int32_t iy = rows.begin; iy < rows.end; iy++) {
                    const int8_t *from = in + rf_row(&p->in, image * p->in.h + iy) + c;
                    for (int32_t ix = columns.begin; ix < columns.end; ix++) {
                        largest = rf_max(largest, from[ix * p->in.c]);
                    }
                }
                *to++ = (int8_t)rf_clamp(largest, p->act_min, p->act_max);
            }
        }
    }
}

void rf_max_pool2d_s16(const rf_pool2d_int_params *p, const int16_t *in, int16_t *out, int32_t y_begin, int32_t y_end)
{
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const span rows = clip((y % p->out.h) * p->window.stride_h - p->window.pad_top, p->window.kernel_h, p->in.h);
        int16_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const span columns = clip(x * p->window.stride_w - p->window.pad_left, p->window.kernel_w, p->in.w);
            for (int32_t c = 0; c < p->out.c; c++) {
                int32_t largest = INT16_MIN;
                for (int32_t iy = rows.begin; iy < rows.end; iy++) {
                    const int16_t *from = in + rf_row(&p->in, image * p->in.h + iy) + c;
                    for (int32_t ix = columns.begin; ix < columns.end; ix++) {
                        largest = rf_max(largest, from[ix * p->in.c]);
                    }
                }
                *to++ = (int16_t)rf_clamp(largest, p->act_min, p->act_max);
            }
        }
    }
}

void rf_max_pool2d_f32(const rf_pool2d_f32_params *p, const float *in, float *out, int32_t y_begin, int32_t y_end)
{
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const span rows = clip((y % p->out.h) * p->window.stride_h - p->window.pad_top, p->window.kernel_h, p->in.h);
        float *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const span columns = clip(x * p->window.stride_w - p->window.pad_left, p->window.kernel_w, p->in.w);
            for (int32_t c = 0; c < p->out.c; c++) {
                float largest = -FLT_MAX;
                for (int32_t iy = rows.begin; iy < rows.end; iy++) {
                    const float *from = in + rf_row(&p->in, image * p->in.h + iy) + c;
                    for (int32_t ix = columns.begin; ix < columns.end; ix++) {
                        const float x = from[ix * p->in.c];
                        largest = x > largest ? x : largest;
                    }
                }
                largest = largest < p->act_min ? p->act_min : largest;
                *to++ = largest > p->act_max ? p->act_max : largest;
            }
        }
    }
}
