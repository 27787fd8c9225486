/*
 * conv2d: reference kernels. Loop order: output row, pixel, channel; then kernel row, column, input channel. Padding
 * contributes nothing (the input's zero point stands for real zero). Any band of output rows, which may lie anywhere.
 */
#include "conv2d.h"

#include "../rf_quant.h"

/* int8: 32-bit accumulator, requantised per output channel (TFLM reference_integer_ops::ConvPerChannel). */
void rf_conv2d_s8(const rf_conv2d_s8_params *p, const int8_t *in, int8_t *out, int32_t y_begin, int32_t y_end)
{
    const int32_t in_group = p->in.c / p->groups;
    const int32_t out_group = p->out.c / p->groups;
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const int32_t top = (y % p->out.h) * p->window.stride_h - p->window.pad_top;
        int8_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const int32_t left = x * p->window.stride_w - p->window.pad_left;
            for (int32_t oc = 0; oc < p->out.c; oc++) {
                const int32_t channel = (oc / out_group) * in_group;
                int32_t acc = p->bias ? p->bias[oc] : 0;
                for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
                    const int32_t iy = top + ky * p->window.dilation_h;
                    if (iy < 0 || iy >= p->in.h) {
                        continue;
                    }
                    const int8_t *from = in + rf_row(&p->in, image * p->in.h + iy);
                    for (int32_t kx = 0; kx < p->window.kernel_w; kx++) {
                        const int32_t ix = left + kx * p->window.dilation_w;
                        if (ix < 0 || ix >= p->in.w) {
                            continue;
                        }
                        const int8_t *pixel = from + ix * p->in.c + channel;
                        const int8_t *w =
                            p->weights + ((oc * p->window.kernel_h + ky) * p->window.kernel_w + kx) * in_group;
                        for (int32_t ic = 0; ic < in_group; ic++) {
                            acc = rf_add(acc, (pixel[ic] - p->in_zero) * w[ic]);
                        }
                    }
                }
                acc = rf_add(rf_scale(acc, p->multipliers[oc], p->shifts[oc]), p->out_zero);
                *to++ = (int8_t)rf_clamp(acc, p->act_min, p->act_max);
            }
        }
    }
}

/* int16 activations, int8 weights: 64-bit accumulator, zero points are 0. */
void rf_conv2d_s16(const rf_conv2d_s16_params *p, const int16_t *in, int16_t *out, int32_t y_begin, int32_t y_end)
{
    const int32_t in_group = p->in.c / p->groups;
    const int32_t out_group = p->out.c / p->groups;
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const int32_t top = (y % p->out.h) * p->window.stride_h - p->window.pad_top;
        int16_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const int32_t left = x * p->window.stride_w - p->window.pad_left;
            for (int32_t oc = 0; oc < p->out.c; oc++) {
                const int32_t channel = (oc / out_group) * in_group;
                int64_t acc = p->bias ? p->bias[oc] : 0;
                for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
                    const int32_t iy = top + ky * p->window.dilation_h;
                    if (iy < 0 || iy >= p->in.h) {
                        continue;
                    }
                    const int16_t *from = in + rf_row(&p->in, image * p->in.h + iy);
                    for (int32_t kx = 0; kx < p->window.kernel_w; kx++) {
                        const int32_t ix = left + kx * p->window.dilation_w;
                        if (ix < 0 || ix >= p->in.w) {
                            continue;
                        }
                        const int16_t *pixel = from + ix * p->in.c + channel;
                        const int8_t *w =
                            p->weights + ((oc * p->window.kernel_h + ky) * p->window.kernel_w + kx) * in_group;
                        for (int32_t ic = 0; ic < in_group; ic++) {
                            acc += (int32_t)pixel[ic] * w[ic];
                        }
                    }
                }
                const int32_t scaled = p->narrow ? rf_scale((int32_t)acc, p->multipliers[oc], p->shifts[oc])
                                                 : rf_scale_wide(acc, p->multipliers[oc], p->shifts[oc]);
                *to++ = (int16_t)rf_clamp(scaled, p->act_min, p->act_max);
            }
        }
    }
}

/* float32: products summed in this order, then the bias. */
void rf_conv2d_f32(const rf_conv2d_f32_params *p, const float *in, float *out, int32_t y_begin, int32_t y_end)
{
    const int32_t in_group = p->in.c / p->groups;
    const int32_t out_group = p->out.c / p->groups;
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const int32_t top = (y % p->out.h) * p->window.stride_h - p->window.pad_top;
        float *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const int32_t left = x * p->window.stride_w - p->window.pad_left;
            for (int32_t oc = 0; oc < p->out.c; oc++) {
                const int32_t channel = (oc / out_group) * in_group;
                float acc = 0.0f;
                for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
                    const int32_t iy = top + ky * p->window.dilation_h;
                    if (iy < 0 || iy >= p->in.h) {
                        continue;
                    }
                    const float *from = in + rf_row(&p->in, image * p->in.h + iy);
                    for (int32_t kx = 0; kx < p->window.kernel_w; kx++) {
                        const int32_t ix = left + kx * p->window.dilation_w;
                        if (ix < 0 || ix >= p->in.w) {
                            continue;
                        }
                        const float *pixel = from + ix * p->in.c + channel;
                        const float *w =
                            p->weights + ((oc * p->window.kernel_h + ky) * p->window.kernel_w + kx) * in_group;
                        for (int32_t ic = 0; ic < in_group; ic++) {
                            acc += pixel[ic] * w[ic];
                        }
                    }
                }
                acc += p->bias ? p->bias[oc] : 0.0f;
                acc = acc < p->act_min ? p->act_min : acc;
                *to++ = acc > p->act_max ? p->act_max : acc;
            }
        }
    }
}
