/* fully_connected: reference kernels. Loop order: row, output, input. */
#include "fully_connected.h"

#include "../rf_quant.h"

void rf_fully_connected_s8(const rf_fully_connected_s8_params *p, const int8_t *in, int8_t *out)
{
    for (int32_t row = 0; row < p->rows; row++, in += p->in_count) {
        for (int32_t o = 0; o < p->out_count; o++) {
            const int8_t *w = p->weights + o * p->in_count;
            int32_t acc = p->bias ? p->bias[o] : 0;
            for (int32_t i = 0; i < p->in_count; i++) {
                acc = rf_add(acc, (in[i] - p->in_zero) * (w[i] - p->weight_zero));
            }
            acc = rf_add(rf_scale(acc, p->multipliers[o], p->shifts[o]), p->out_zero);
            *out++ = (int8_t)rf_clamp(acc, p->act_min, p->act_max);
        }
    }
}

/* int16 activations, int8 weights: 64-bit accumulator, zero points are 0. */
void rf_fully_connected_s16(const rf_fully_connected_s16_params *p, const int16_t *in, int16_t *out)
{
    for (int32_t row = 0; row < p->rows; row++, in += p->in_count) {
        for (int32_t o = 0; o < p->out_count; o++) {
            const int8_t *w = p->weights + o * p->in_count;
            int64_t acc = p->bias ? p->bias[o] : 0;
            for (int32_t i = 0; i < p->in_count; i++) {
                acc += (int32_t)in[i] * w[i];
            }
            const int32_t scaled = p->narrow ? rf_scale((int32_t)acc, p->multipliers[o], p->shifts[o])
                                             : rf_scale_wide(acc, p->multipliers[o], p->shifts[o]);
            *out++ = (int16_t)rf_clamp(scaled, p->act_min, p->act_max);
        }
    }
}

void rf_fully_connected_f32(const rf_fully_connected_f32_params *p, const float *in, float *out)
{
    for (int32_t row = 0; row < p->rows; row++, in += p->in_count) {
        for (int32_t o = 0; o < p->out_count; o++) {
            const float *w = p->weights + o * p->in_count;
            float acc = 0.0f;
            for (int32_t i = 0; i < p->in_count; i++) {
                acc += in[i] * w[i];
            }
            acc += p->bias ? p->bias[o] : 0.0f;
            acc = acc < p->act_min ? p->act_min : acc;
            *out++ = acc > p->act_max ? p->act_max : acc;
        }
    }
}
