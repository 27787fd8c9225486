/* mul_dsp: product of int8 tensors on the DSP extension. */
#ifndef RF_MUL_DSP_H
#define RF_MUL_DSP_H

#include "../rf_broadcast.h"

typedef struct {
    int32_t a_step, b_step;
    int32_t a_zero, b_zero;
    int32_t multiplier, shift, add; /* to the right by 1 to 22; the addend holds the output's zero point, as in rf_dsp_scale.h */
    int32_t act_min, act_max;
} rf_mul_s8_dsp_params;

typedef struct {
    rf_broadcast shape;
    rf_mul_s8_dsp_params flat;
} rf_mul_s8_dsp_broadcast_params;

void rf_mul_s8_dsp(const rf_mul_s8_dsp_params *p, const int8_t *a, const int8_t *b, int8_t *out, int32_t count);
void rf_mul_s8_dsp_broadcast(const rf_mul_s8_dsp_broadcast_params *p, const int8_t *a, const int8_t *b, int8_t *out);

#endif
