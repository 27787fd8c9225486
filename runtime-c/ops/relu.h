/* relu, relu6, relu_n1_to_1, relu_0_to_1: element-wise clamps; the output may have another scale than the input. */
#ifndef RF_RELU_H
#define RF_RELU_H

#include "../rf.h"

typedef struct {
    int32_t in_zero, out_zero;
    int32_t multiplier, shift; /* input scale / output scale */
    int32_t act_min, act_max;
} rf_relu_int_params;

typedef struct {
    float act_min, act_max;
} rf_relu_f32_params;

void rf_relu_s8(const rf_relu_int_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_relu_s16(const rf_relu_int_params *p, const int16_t *in, int16_t *out, int32_t count);
void rf_relu_f32(const rf_relu_f32_params *p, const float *in, float *out, int32_t count);

#endif
