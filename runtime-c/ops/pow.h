/* pow: a to the power of b, broadcast where the shapes differ. It errs as the C library's powf does. */
#ifndef RF_POW_H
#define RF_POW_H

#include "../rf_broadcast.h"

void rf_pow_f32(const rf_binary_plain_params *p, const float *a, const float *b, float *out, int32_t count);
void rf_pow_f32_broadcast(const rf_binary_plain_broadcast_params *p, const float *a, const float *b, float *out);

#endif
