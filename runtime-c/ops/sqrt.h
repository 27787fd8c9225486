/* sqrt, rsqrt: square root and its reciprocal. Quantised elements below zero, at which TFLite stops, count as 0. */
#ifndef RF_SQRT_H
#define RF_SQRT_H

#include "../rf.h"

typedef struct {
    float in_scale, out_scale;
    int32_t in_zero, out_zero;
} rf_sqrt_int_params;

typedef struct {
    int32_t in_zero, out_zero;
    int32_t multiplier, shift; /* 1 / (sqrt(input scale) * output scale) */
} rf_rsqrt_int_params;

void rf_sqrt_s8(const rf_sqrt_int_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_sqrt_s16(const rf_sqrt_int_params *p, const int16_t *in, int16_t *out, int32_t count);
void rf_sqrt_f32(const float *in, float *out, int32_t count);
void rf_rsqrt_s8(const rf_rsqrt_int_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_rsqrt_s16(const rf_rsqrt_int_params *p, const int16_t *in, int16_t *out, int32_t count);
void rf_rsqrt_f32(const float *in, float *out, int32_t count);

#endif
