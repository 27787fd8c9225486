/* fully_connected: rows of inputs times a weight matrix [output][input]. */
#ifndef RF_FULLY_CONNECTED_H
#define RF_FULLY_CONNECTED_H

#include "../rf.h"

typedef struct {
    int32_t rows, in_count, out_count;
    int32_t in_zero, weight_zero, out_zero, act_min, act_max;
    const int8_t *weights;
    const int32_t *bias; /* NULL: none */
    const int32_t *multipliers, *shifts; /* per output */
} rf_fully_connected_s8_params;

typedef struct {
    int32_t rows, in_count, out_count;
    int32_t narrow; /* 1: the file has 32-bit biases, and results are requantised as for int8 */
    int32_t act_min, act_max;
    const int8_t *weights;
    const int64_t *bias; /* NULL: none */
    const int32_t *multipliers, *shifts;
} rf_fully_connected_s16_params;

typedef struct {
    int32_t rows, in_count, out_count;
    float act_min, act_max;
    const float *weights;
    const float *bias; /* NULL: none */
} rf_fully_connected_f32_params;

void rf_fully_connected_s8(const rf_fully_connected_s8_params *p, const int8_t *in, int8_t *out);
void rf_fully_connected_s16(const rf_fully_connected_s16_params *p, const int16_t *in, int16_t *out);
void rf_fully_connected_f32(const rf_fully_connected_f32_params *p, const float *in, float *out);

#endif
