/* hard_swish: x * clamp(x + 3, 0, 6) / 6. */
#ifndef RF_HARD_SWISH_H
#define RF_HARD_SWISH_H

#include "../rf.h"

/* 16-bit multipliers of the input times 128: to the output's scale, and to the one where 3 is 32768. */
typedef struct {
    int32_t in_zero, out_zero;
    int32_t out_multiplier, out_shift; /* shift <= 0 */
    int32_t gate_multiplier, gate_shift;
} rf_hard_swish_s8_params;

void rf_hard_swish_s8(const rf_hard_swish_s8_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_hard_swish_f32(const float *in, float *out, int32_t count);

#endif
