/* Functions of one float32 element: square, exp, log, sin, cos, floor, ceil, round, erf, elu, gelu. */
#ifndef RF_FLOAT_FUNCTION_H
#define RF_FLOAT_FUNCTION_H

#include "../rf.h"

void rf_square_f32(const float *in, float *out, int32_t count);
void rf_exp_f32(const float *in, float *out, int32_t count);
void rf_log_f32(const float *in, float *out, int32_t count);
void rf_sin_f32(const float *in, float *out, int32_t count);
void rf_cos_f32(const float *in, float *out, int32_t count);
void rf_floor_f32(const float *in, float *out, int32_t count);
void rf_ceil_f32(const float *in, float *out, int32_t count);
void rf_round_f32(const float *in, float *out, int32_t count); /* to nearest, ties to even */
void rf_erf_f32(const float *in, float *out, int32_t count);
void rf_elu_f32(const float *in, float *out, int32_t count);
void rf_gelu_f32(const float *in, float *out, int32_t count);
void rf_gelu_tanh_f32(const float *in, float *out, int32_t count); /* the approximation with tanh */

#endif
