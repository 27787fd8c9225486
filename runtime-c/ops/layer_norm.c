/* layer_norm: reference kernel. Loop order: row, then three passes over its columns. */
#include "layer_norm.h"

#include <math.h>

void rf_layer_norm_f32(const rf_layer_norm_f32_params *p, const float *in, float *out)
{
    for (int32_t row = 0; row < p->rows; row++) {
        const float *from = in + row * p->depth;
        float *to = out + row * p->depth;
        float sum = 0.0f, squares = 0.0f;
        for (int32_t i = 0; i < p->depth; i++) {
            sum += from[i];
        }
        const float mean = sum / (float)p->depth;
        for (int32_t i = 0; i < p->depth; i++) {
            squares += (from[i] - mean) * (from[i] - mean);
        }
        const float inverse = 1.0f / sqrtf(squares / (float)p->depth + p->epsilon);
        for (int32_t i = 0; i < p->depth; i++) {
            to[i] = (from[i] - mean) * inverse * p->scale[i] + p->bias[i];
        }
    }
}
