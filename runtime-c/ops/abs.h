/* abs, neg: magnitude and opposite of each element. */
#ifndef RF_ABS_H
#define RF_ABS_H

#include "../rf.h"

typedef struct {
    int32_t in_zero, out_zero;
    int32_t multiplier, shift; /* input scale / output scale */
} rf_abs_int_params;

void rf_abs_s8(const rf_abs_int_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_abs_s16(const rf_abs_int_params *p, const int16_t *in, int16_t *out, int32_t count);
void rf_abs_s32(const int32_t *in, int32_t *out, int32_t count);
void rf_abs_f32(const float *in, float *out, int32_t count);
void rf_neg_s8(const rf_abs_int_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_neg_s32(const int32_t *in, int32_t *out, int32_t count);
void rf_neg_f32(const float *in, float *out, int32_t count);

#endif
