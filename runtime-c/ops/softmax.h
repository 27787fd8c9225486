/* softmax over the last dimension: `rows` vectors of `depth` elements. */
#ifndef RF_SOFTMAX_H
#define RF_SOFTMAX_H

#include "../rf.h"

typedef struct {
    int32_t rows, depth;
    int32_t multiplier, left_shift; /* beta * input scale in Q5 */
    int32_t diff_min;               /* differences to the largest element below this give 0 */
} rf_softmax_s8_params;

typedef struct {
    int32_t rows, depth;
    int32_t multiplier, shift;       /* beta * input scale in units of 10 / 65535 */
    const int16_t *exp_table;        /* 513 values of exp over [-10, 0], Q15 */
    const int16_t *reciprocal_table; /* 513 values of 1 / (1 + x) over [0, 1], Q15 */
} rf_softmax_s16_params;

typedef struct {
    int32_t rows, depth;
    float beta;
} rf_softmax_f32_params;

void rf_softmax_s8(const rf_softmax_s8_params *p, const int8_t *in, int8_t *out);
void rf_softmax_s8_s16(const rf_softmax_s8_params *p, const int8_t *in, int16_t *out);
void rf_softmax_s16(const rf_softmax_s16_params *p, const int16_t *in, int16_t *out);
void rf_softmax_f32(const rf_softmax_f32_params *p, const float *in, float *out);

#endif
