/* layer_norm: each row to mean 0 and variance 1, then times a scale and plus a bias per column. */
#ifndef RF_LAYER_NORM_H
#define RF_LAYER_NORM_H

#include "../rf.h"

typedef struct {
    int32_t rows, depth;
    float epsilon; /* added to the variance */
    const float *scale, *bias;
} rf_layer_norm_f32_params;

/*
 * Mean, then variance around it, in float32 and in order: the relative error of each sum is at most depth * 2^-24 of the sum
 * of magnitudes. A row is read whole before its first element is written.
 */
void rf_layer_norm_f32(const rf_layer_norm_f32_params *p, const float *in, float *out);

#endif
