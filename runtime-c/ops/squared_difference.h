/* squared_difference: (a - b) squared, broadcast where the shapes differ. */
#ifndef RF_SQUARED_DIFFERENCE_H
#define RF_SQUARED_DIFFERENCE_H

#include "../rf_broadcast.h"

/* Both operands are scaled to a common one with `left_shift` bits of headroom; the square is scaled to the output. */
typedef struct {
    int32_t a_step, b_step;
    int32_t a_zero, b_zero, out_zero;
    int32_t left_shift;
    int32_t a_multiplier, a_shift, b_multiplier, b_shift, out_multiplier, out_shift;
} rf_squared_difference_int_params;

typedef struct {
    rf_broadcast shape;
    rf_squared_difference_int_params flat;
} rf_squared_difference_int_broadcast_params;

void rf_squared_difference_s8(const rf_squared_difference_int_params *p, const int8_t *a, const int8_t *b, int8_t *out,
                              int32_t count);
void rf_squared_difference_s16(const rf_squared_difference_int_params *p, const int16_t *a, const int16_t *b,
                               int16_t *out, int32_t count);
void rf_squared_difference_s32(const rf_binary_plain_params *p, const int32_t *a, const int32_t *b, int32_t *out,
                               int32_t count);
void rf_squared_difference_f32(const rf_binary_plain_params *p, const float *a, const float *b, float *out,
                               int32_t count);
void rf_squared_difference_s8_broadcast(const rf_squared_difference_int_broadcast_params *p, const int8_t *a,
                                        const int8_t *b, int8_t *out);
void rf_squared_difference_s16_broadcast(const rf_squared_difference_int_broadcast_params *p, const int16_t *a,
                                         const int16_t *b, int16_t *out);
void rf_squared_difference_s32_broadcast(const rf_binary_plain_broadcast_params *p, const int32_t *a, const int32_t *b,
                                         int32_t *out);
void rf_squared_difference_f32_broadcast(const rf_binary_plain_broadcast_params *p, const float *a, const float *b,
                                         float *out);

#endif
