/* logistic, tanh: element-wise sigmoid functions; int8 outputs have scale 1/256 or 1/128, int16 outputs 1/32768. */
#ifndef RF_SIGMOID_H
#define RF_SIGMOID_H

#include "../rf.h"

typedef struct {
    int32_t in_zero;
    int32_t radius;            /* inputs this far from in_zero saturate */
    int32_t multiplier, shift; /* to Q4 */
} rf_sigmoid_s8_params;

typedef struct {
    int32_t multiplier, shift; /* to units of 1/12288, right shift */
} rf_sigmoid_s16_params;

void rf_logistic_s8(const rf_sigmoid_s8_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_logistic_s16(const rf_sigmoid_s16_params *p, const int16_t *in, int16_t *out, int32_t count);
void rf_logistic_f32(const float *in, float *out, int32_t count);
void rf_tanh_s8(const rf_sigmoid_s8_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_tanh_s16(const rf_sigmoid_s16_params *p, const int16_t *in, int16_t *out, int32_t count);
void rf_tanh_f32(const float *in, float *out, int32_t count);

#endif
