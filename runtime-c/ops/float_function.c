/* Functions of one float32 element: reference kernels, one pass in order. They err as the C library's functions do. */
#include "float_function.h"

#include <math.h>

#define DEFINE_FLOAT_FUNCTION(name, expression)                                                                        \
    void name(const float *in, float *out, int32_t count)                                                              \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            const float x = in[i];                                                                                     \
            out[i] = (expression);                                                                                     \
        }                                                                                                              \
    }

DEFINE_FLOAT_FUNCTION(rf_square_f32, x * x)
DEFINE_FLOAT_FUNCTION(rf_exp_f32, expf(x))
DEFINE_FLOAT_FUNCTION(rf_log_f32, logf(x))
DEFINE_FLOAT_FUNCTION(rf_sin_f32, sinf(x))
DEFINE_FLOAT_FUNCTION(rf_cos_f32, cosf(x))
DEFINE_FLOAT_FUNCTION(rf_floor_f32, floorf(x))
DEFINE_FLOAT_FUNCTION(rf_ceil_f32, ceilf(x))
DEFINE_FLOAT_FUNCTION(rf_round_f32, rintf(x))
DEFINE_FLOAT_FUNCTION(rf_erf_f32, erff(x))
DEFINE_FLOAT_FUNCTION(rf_elu_f32, x < 0.0f ? expm1f(x) : x)
/* x / 2 * (1 + erf(x / sqrt 2)); erfc does not cancel for large negative x. */
DEFINE_FLOAT_FUNCTION(rf_gelu_f32, 0.5f * x * erfcf(x * -0.70710678118654752f))
DEFINE_FLOAT_FUNCTION(rf_gelu_tanh_f32, 0.5f * x * (1.0f + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x))))
