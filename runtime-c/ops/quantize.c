/* quantize, dequantize: reference kernels, one pass in order (TFLM reference_ops::AffineQuantize, Requantize). */
#include "quantize.h"

#include <math.h>

#include "../rf_quant.h"

/* The first clamp keeps the conversion defined; it is wider than 16 bits with any zero point. NaN gives its low end. */
#define DEFINE_QUANTIZE(name, T, low, high)                                                                            \
    void name(const rf_quantize_f32_params *p, const float *in, T *out, int32_t count)                                 \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            float x = roundf(in[i] / p->scale);                                                                        \
            x = x > -131072.0f ? x : -131072.0f;                                                                       \
            x = x < 131072.0f ? x : 131072.0f;                                                                         \
            out[i] = (T)rf_clamp((int32_t)x + p->zero, (low), (high));                                                 \
        }                                                                                                              \
    }

DEFINE_QUANTIZE(rf_quantize_f32_s8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_QUANTIZE(rf_quantize_f32_u8, uint8_t, 0, UINT8_MAX)
DEFINE_QUANTIZE(rf_quantize_f32_s16, int16_t, INT16_MIN, INT16_MAX)

/* Sums wrap around: only 32-bit types can reach that. */
#define DEFINE_REQUANTIZE(name, T, U, low, high)                                                                       \
    void name(const rf_requantize_params *p, const T *in, U *out, int32_t count)                                       \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            const int32_t x = (int32_t)((uint32_t)in[i] - (uint32_t)p->in_zero);                                       \
            const uint32_t y = (uint32_t)rf_scale(x, p->multiplier, p->shift) + (uint32_t)p->out_zero;                 \
            out[i] = (U)rf_clamp((int32_t)y, (low), (high));                                                           \
        }                                                                                                              \
    }

DEFINE_REQUANTIZE(rf_quantize_s8_s8, int8_t, int8_t, INT8_MIN, INT8_MAX)
DEFINE_REQUANTIZE(rf_quantize_s8_u8, int8_t, uint8_t, 0, UINT8_MAX)
DEFINE_REQUANTIZE(rf_quantize_s8_s16, int8_t, int16_t, INT16_MIN, INT16_MAX)
DEFINE_REQUANTIZE(rf_quantize_s8_s32, int8_t, int32_t, INT32_MIN, INT32_MAX)
DEFINE_REQUANTIZE(rf_quantize_u8_s8, uint8_t, int8_t, INT8_MIN, INT8_MAX)
DEFINE_REQUANTIZE(rf_quantize_s16_s8, int16_t, int8_t, INT8_MIN, INT8_MAX)
DEFINE_REQUANTIZE(rf_quantize_s16_s16, int16_t, int16_t, INT16_MIN, INT16_MAX)
DEFINE_REQUANTIZE(rf_quantize_s16_s32, int16_t, int32_t, INT32_MIN, INT32_MAX)
DEFINE_REQUANTIZE(rf_quantize_s32_s8, int32_t, int8_t, INT8_MIN, INT8_MAX)
DEFINE_REQUANTIZE(rf_quantize_s32_s16, int32_t, int16_t, INT16_MIN, INT16_MAX)

/* A difference of two 16-bit numbers is exact in float, so one rounding remains, as in TFLM's double product. */
#define DEFINE_DEQUANTIZE(name, T)                                                                                     \
    void name(const rf_quantize_f32_params *p, const T *in, float *out, int32_t count)                                 \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            out[i] = p->scale * (float)(in[i] - p->zero);                                                              \
        }                                                                                                              \
    }

DEFINE_DEQUANTIZE(rf_dequantize_s8, int8_t)
DEFINE_DEQUANTIZE(rf_dequantize_u8, uint8_t)
DEFINE_DEQUANTIZE(rf_dequantize_s16, int16_t)
