/* add_dsp: element-wise sum of int8 tensors of one shape for Cortex-M with the DSP extension; equal to rf_add_s8. */
#ifndef RF_ADD_DSP_H
#define RF_ADD_DSP_H

#include "../rf.h"

/*
 * The operand with the larger scale, `plain`, is halved in the common scale of rf_add_s8, so that it only moves 19 bits up;
 * the other one is multiplied.
 */
typedef struct {
    int32_t scaled_multiplier, scaled_shift; /* to the right; 0: not rounded a second time */
    int32_t scaled_zero;                     /* zero point << 21 */
    int32_t plain_zero;                      /* zero point << 20 */
    int32_t out_multiplier, out_add, out_shift;
    int32_t act_min, act_max;
} rf_add_s8_dsp_params;

void rf_add_s8_dsp(const rf_add_s8_dsp_params *p, const int8_t *plain, const int8_t *scaled, int8_t *out, int32_t count);

#endif
