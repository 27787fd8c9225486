/* leaky_relu, prelu: reference kernels, one pass in order (TFLM reference_ops::QuantizeLeakyRelu, Prelu). */
#include "leaky_relu.h"

#include "../rf_quant.h"

#define DEFINE_LEAKY_RELU_INT(name, T, low, high)                                                                      \
    void name(const rf_leaky_relu_int_params *p, const T *in, T *out, int32_t count)                                   \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            const int32_t x = in[i] - p->in_zero;                                                                      \
            const int32_t y = x >= 0 ? rf_scale(x, p->multiplier, p->shift)                                            \
                                     : rf_scale(x, p->alpha_multiplier, p->alpha_shift);                               \
            out[i] = (T)rf_clamp(rf_add(y, p->out_zero), (low), (high));                                               \
        }                                                                                                              \
    }

DEFINE_LEAKY_RELU_INT(rf_leaky_relu_s8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_LEAKY_RELU_INT(rf_leaky_relu_s16, int16_t, INT16_MIN, INT16_MAX)

void rf_leaky_relu_f32(const rf_leaky_relu_f32_params *p, const float *in, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = in[i] > 0.0f ? in[i] : in[i] * p->alpha;
    }
}

#define DEFINE_PRELU_INT(name, T, low, high)                                                                           \
    void name(const rf_prelu_int_params *p, const T *in, const int8_t *alpha, T *out, int32_t count)                   \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            const int32_t x = in[i * p->a_step] - p->in_zero;                                                          \
            const int32_t slope = alpha[i * p->b_step] - p->alpha_zero;                                                \
            const int32_t y = x >= 0 ? rf_scale(x, p->multiplier, p->shift)                                            \
                                     : rf_scale(x * slope, p->alpha_multiplier, p->alpha_shift);                       \
            out[i] = (T)rf_clamp(rf_add(y, p->out_zero), (low), (high));                                               \
        }                                                                                                              \
    }                                                                                                                  \
    RF_DEFINE_BROADCAST_MIXED(name##_broadcast, rf_prelu_int_broadcast_params, name, T, int8_t, T)

DEFINE_PRELU_INT(rf_prelu_s8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_PRELU_INT(rf_prelu_s16, int16_t, INT16_MIN, INT16_MAX)

void rf_prelu_f32(const rf_binary_plain_params *p, const float *in, const float *alpha, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float x = in[i * p->a_step];
        out[i] = x >= 0.0f ? x : x * alpha[i * p->b_step];
    }
}

RF_DEFINE_BROADCAST(rf_prelu_f32_broadcast, rf_binary_plain_broadcast_params, rf_prelu_f32, float, float)
