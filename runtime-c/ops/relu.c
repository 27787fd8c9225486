/* relu and its bounded kin: reference kernels, one pass over the elements in order. */
#include "relu.h"

#include "../rf_quant.h"

#define DEFINE_RELU_INT(name, T)                                                                                       \
    void name(const rf_relu_int_params *p, const T *in, T *out, int32_t count)                                         \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            const int32_t x = rf_add(rf_scale(in[i] - p->in_zero, p->multiplier, p->shift), p->out_zero);              \
            out[i] = (T)rf_clamp(x, p->act_min, p->act_max);                                                           \
        }                                                                                                              \
    }

DEFINE_RELU_INT(rf_relu_s8, int8_t)
DEFINE_RELU_INT(rf_relu_s16, int16_t)

void rf_relu_f32(const rf_relu_f32_params *p, const float *in, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = rf_clamp_f32(in[i], p->act_min, p->act_max);
    }
}
