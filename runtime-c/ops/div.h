/* div: element-wise quotient of two operands, broadcast where their shapes differ. */
#ifndef RF_DIV_H
#define RF_DIV_H

#include "../rf_broadcast.h"

typedef struct {
    int32_t a_step, b_step;
    int32_t a_zero, b_zero, out_zero;
    int32_t multiplier, shift; /* a scale / (b scale * output scale) */
    int32_t act_min, act_max;
} rf_div_s8_params;

typedef struct {
    rf_broadcast shape;
    rf_div_s8_params flat;
} rf_div_s8_broadcast_params;

/* By zero, which TFLite leaves undefined: int8 gives the end of the range on the dividend's side, int32 gives 0. */
void rf_div_s8(const rf_div_s8_params *p, const int8_t *a, const int8_t *b, int8_t *out, int32_t count);
void rf_div_s32(const rf_binary_s32_params *p, const int32_t *a, const int32_t *b, int32_t *out, int32_t count);
void rf_div_f32(const rf_binary_f32_params *p, const float *a, const float *b, float *out, int32_t count);
void rf_div_s8_broadcast(const rf_div_s8_broadcast_params *p, const int8_t *a, const int8_t *b, int8_t *out);
void rf_div_s32_broadcast(const rf_binary_s32_broadcast_params *p, const int32_t *a, const int32_t *b, int32_t *out);
void rf_div_f32_broadcast(const rf_binary_f32_broadcast_params *p, const float *a, const float *b, float *out);

#endif
