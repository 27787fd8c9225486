/* hard_sigmoid: alpha x + beta, limited to 0 and 1. (int8 is a table: lookup.h.) */
#ifndef RF_HARD_SIGMOID_H
#define RF_HARD_SIGMOID_H

#include "../rf.h"

typedef struct {
    float alpha, beta;
} rf_hard_sigmoid_f32_params;

/* The product is rounded to float32 before the sum. */
void rf_hard_sigmoid_f32(const rf_hard_sigmoid_f32_params *p, const float *in, float *out, int32_t count);

#endif
