/* pow: reference kernel, one pass in order. */
#include "pow.h"

#include <math.h>

void rf_pow_f32(const rf_binary_plain_params *p, const float *a, const float *b, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = powf(a[i * p->a_step], b[i * p->b_step]);
    }
}

RF_DEFINE_BROADCAST(rf_pow_f32_broadcast, rf_binary_plain_broadcast_params, rf_pow_f32, float, float)
