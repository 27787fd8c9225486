/* mul: element-wise product of two operands, broadcast where their shapes differ. */
#ifndef RF_MUL_H
#define RF_MUL_H

#include "../rf_broadcast.h"

typedef struct {
    int32_t a_step, b_step;
    int32_t a_zero, b_zero, out_zero;
    int32_t multiplier, shift; /* a scale * b scale / output scale */
    int32_t act_min, act_max;
} rf_mul_int_params;

typedef struct {
    rf_broadcast shape;
    rf_mul_int_params flat;
} rf_mul_int_broadcast_params;

void rf_mul_s8(const rf_mul_int_params *p, const int8_t *a, const int8_t *b, int8_t *out, int32_t count);
void rf_mul_s16(const rf_mul_int_params *p, const int16_t *a, const int16_t *b, int16_t *out, int32_t count);
void rf_mul_s32(const rf_binary_s32_params *p, const int32_t *a, const int32_t *b, int32_t *out, int32_t count);
void rf_mul_f32(const rf_binary_f32_params *p, const float *a, const float *b, float *out, int32_t count);
void rf_mul_s8_broadcast(const rf_mul_int_broadcast_params *p, const int8_t *a, const int8_t *b, int8_t *out);
void rf_mul_s16_broadcast(const rf_mul_int_broadcast_params *p, const int16_t *a, const int16_t *b, int16_t *out);
void rf_mul_s32_broadcast(const rf_binary_s32_broadcast_params *p, const int32_t *a, const int32_t *b, int32_t *out);
void rf_mul_f32_broadcast(const rf_binary_f32_broadcast_params *p, const float *a, const float *b, float *out);

#endif
