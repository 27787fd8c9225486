/* hard_sigmoid: reference kernel, one pass in order. */
#include "hard_sigmoid.h"

void rf_hard_sigmoid_f32(const rf_hard_sigmoid_f32_params *p, const float *in, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float scaled = p->alpha * in[i];
        const float line = scaled + p->beta;
        const float above = line > 0.0f ? line : 0.0f;
        out[i] = above < 1.0f ? above : 1.0f;
    }
}
