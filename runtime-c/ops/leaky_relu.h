/* leaky_relu, prelu: negative elements are multiplied by one alpha, or by an operand that broadcasts to the input. */
#ifndef RF_LEAKY_RELU_H
#define RF_LEAKY_RELU_H

#include "../rf_broadcast.h"

typedef struct {
    int32_t in_zero, out_zero;
    int32_t multiplier, shift;             /* input scale / output scale */
    int32_t alpha_multiplier, alpha_shift; /* the same times alpha, which may be negative */
} rf_leaky_relu_int_params;

typedef struct {
    float alpha;
} rf_leaky_relu_f32_params;

typedef struct {
    int32_t a_step, b_step; /* input, alpha */
    int32_t in_zero, alpha_zero, out_zero;
    int32_t multiplier, shift;             /* input scale / output scale */
    int32_t alpha_multiplier, alpha_shift; /* the same times the scale of alpha */
} rf_prelu_int_params;

typedef struct {
    rf_broadcast shape;
    rf_prelu_int_params flat;
} rf_prelu_int_broadcast_params;

void rf_leaky_relu_s8(const rf_leaky_relu_int_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_leaky_relu_s16(const rf_leaky_relu_int_params *p, const int16_t *in, int16_t *out, int32_t count);
void rf_leaky_relu_f32(const rf_leaky_relu_f32_params *p, const float *in, float *out, int32_t count);

void rf_prelu_s8(const rf_prelu_int_params *p, const int8_t *in, const int8_t *alpha, int8_t *out, int32_t count);
void rf_prelu_s16(const rf_prelu_int_params *p, const int16_t *in, const int8_t *alpha, int16_t *out, int32_t count);
void rf_prelu_f32(const rf_binary_plain_params *p, const float *in, const float *alpha, float *out, int32_t count);
void rf_prelu_s8_broadcast(const rf_prelu_int_broadcast_params *p, const int8_t *in, const int8_t *alpha, int8_t *out);
void rf_prelu_s16_broadcast(const rf_prelu_int_broadcast_params *p, const int16_t *in, const int8_t *alpha,
                            int16_t *out);
void rf_prelu_f32_broadcast(const rf_binary_plain_broadcast_params *p, const float *in, const float *alpha, float *out);

#endif
