/*
 * depthwise_conv2d: reference kernels. Loop order: output row, pixel, channel; then kernel row, column. Padding
 * contributes nothing. Any band of output rows, which may lie anywhere.
 */
#include "depthwise_conv2d.h"

#include "../rf_quant.h"

/* int8: 32-bit accumulator, requantised per output channel (TFLM reference_integer_ops::DepthwiseConvPerChannel). */
void rf_depthwise_conv2d_s8(const rf_depthwise_conv2d_s8_params *p, const int8_t *in, int8_t *out, int32_t y_begin,
                            int32_t y_end)
{
    const int32_t per_channel = p->out.c / p->in.c;
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const int32_t top = (y % p->out.h) * p->window.stride_h - p->window.pad_top;
        int8_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const int32_t left = x * p->window.stride_w - p->window.pad_left;
            for (int32_t oc = 0; oc < p->out.c; oc++) {
                int32_t acc = p->bias ? p->bias[oc] : 0;
                for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
                    const int32_t iy = top + ky * p->window.dilation_h;
                    if (iy < 0 || iy >= p->in.h) {
                        continue;
                    }
                    const int8_t *from = in + rf_row(&p->in, image * p->in.h + iy) + oc / per_channel;
                    for (int32_t kx = 0; kx < p->window.kernel_w; kx++) {
                        const int32_t ix = left + kx * p->window.dilation_w;
                        if (ix >= 0 && ix < p->in.w) {
                            const int32_t w = p->weights[(ky * p->window.kernel_w + kx) * p->out.c + oc];
                            acc = rf_add(acc, (from[ix * p->in.c] - p->in_zero) * w);
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
void rf_depthwise_conv2d_s16(const rf_depthwise_conv2d_s16_params *p, const int16_t *in, int16_t *out, int32_t y_begin,
                             int32_t y_end)
{
    const int32_t per_channel = p->out.c / p->in.c;
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const int32_t top = (y % p->out.h) * p->window.stride_h - p->window.pad_top;
        int16_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const int32_t left = x * p->window.stride_w - p->window.pad_left;
            for (int32_t oc = 0; oc < p->out.c; oc++) {
                int64_t acc = p->bias ? p->bias[oc] : 0;
                for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
                    const int32_t iy = top + ky * p->window.dilation_h;
                    if (iy < 0 || iy >= p->in.h) {
                        continue;
                    }
                    const int16_t *from = in + rf_row(&p->in, image * p->in.h + iy) + oc / per_channel;
                    for (int32_t kx = 0; kx < p->window.kernel_w; kx++) {
                        const int32_t ix = left + kx * p->window.dilation_w;
                        if (ix >= 0 && ix < p->in.w) {
                            acc += (int32_t)from[ix * p->in.c] *
                                   p->weights[(ky * p->window.kernel_w + kx) * p->out.c + oc];
                        }
                    }
                }
                const int32_t scaled = rf_scale_wide(acc, p->multipliers[oc], p->shifts[oc]);
                *to++ = (int16_t)rf_clamp(scaled, p->act_min, p->act_max);
            }
        }
    }
}

/* float32: products summed in this order, then the bias. */
void rf_depthwise_conv2d_f32(const rf_depthwise_conv2d_f32_params *p, const float *in, float *out, int32_t y_begin,
                             int32_t y_end)
{
    const int32_t per_channel = p->out.c / p->in.c;
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        const int32_t top = (y % p->out.h) * p->window.stride_h - p->window.pad_top;
        float *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x++) {
            const int32_t left = x * p->window.stride_w - p->window.pad_left;
            for (int32_t oc = 0; oc < p->out.c; oc++) {
                float acc = 0.0f;
                for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
                    const int32_t iy = top + ky * p->window.dilation_h;
                    if (iy < 0 || iy >= p->in.h) {
                        continue;
                    }
                    const float *from = in + rf_row(&p->in, image * p->in.h + iy) + oc / per_channel;
                    for (int32_t kx = 0; kx < p->window.kernel_w; kx++) {
                        const int32_t ix = left + kx * p->window.dilation_w;
                        if (ix >= 0 && ix < p->in.w) {
                            acc += from[ix * p->in.c] * p->weights[(ky * p->window.kernel_w + kx) * p->out.c + oc];
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
