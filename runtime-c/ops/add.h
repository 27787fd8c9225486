/* add, sub: element-wise sum and difference of two operands, broadcast where their shapes differ. */
#ifndef RF_ADD_H
#define RF_ADD_H

#include "../rf_broadcast.h"

/* Both operands are scaled to a common one with `left_shift` bits of headroom, added, and scaled to the output. */
typedef struct {
    int32_t a_step, b_step;
    int32_t a_zero, b_zero, out_zero;
    int32_t left_shift;
    int32_t a_multiplier, a_shift, b_multiplier, b_shift, out_multiplier, out_shift;
    int32_t act_min, act_max;
} rf_add_int_params;

typedef struct {
    rf_broadcast shape;
    rf_add_int_params flat;
} rf_add_int_broadcast_params;

void rf_add_s8(const rf_add_int_params *p, const int8_t *a, const int8_t *b, int8_t *out, int32_t count);
void rf_add_s16(const rf_add_int_params *p, const int16_t *a, const int16_t *b, int16_t *out, int32_t count);
void rf_add_s32(const rf_binary_s32_params *p, const int32_t *a, const int32_t *b, int32_t *out, int32_t count);
void rf_add_f32(const rf_binary_f32_params *p, const float *a, const float *b, float *out, int32_t count);
void rf_add_s8_broadcast(const rf_add_int_broadcast_params *p, const int8_t *a, const int8_t *b, int8_t *out);
void rf_add_s16_broadcast(const rf_add_int_broadcast_params *p, const int16_t *a, const int16_t *b, int16_t *out);
void rf_add_s32_broadcast(const rf_binary_s32_broadcast_params *p, const int32_t *a, const int32_t *b, int32_t *out);
void rf_add_f32_broadcast(const rf_binary_f32_broadcast_params *p, const float *a, const float *b, float *out);

void rf_sub_s8(const rf_add_int_params *p, const int8_t *a, const int8_t *b, int8_t *out, int32_t count);
void rf_sub_s16(const rf_add_int_params *p, const int16_t *a, const int16_t *b, int16_t *out, int32_t count);
void rf_sub_s32(const rf_binary_s32_params *p, const int32_t *a, const int32_t *b, int32_t *out, int32_t count);
void rf_sub_f32(const rf_binary_f32_params *p, const float *a, const float *b, float *out, int32_t count);
void rf_sub_s8_broadcast(const rf_add_int_broadcast_params *p, const int8_t *a, const int8_t *b, int8_t *out);
void rf_sub_s16_broadcast(const rf_add_int_broadcast_params *p, const int16_t *a, const int16_t *b, int16_t *out);
void rf_sub_s32_broadcast(const rf_binary_s32_broadcast_params *p, const int32_t *a, const int32_t *b, int32_t *out);
void rf_sub_f32_broadcast(const rf_binary_f32_broadcast_params *p, const float *a, const float *b, float *out);

#endif
