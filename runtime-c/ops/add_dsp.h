/* add_dsp: sums and differences of int8 tensors on the DSP extension. */
#ifndef RF_ADD_DSP_H
#define RF_ADD_DSP_H

#include "../rf_broadcast.h"

/* Of the two operands, `plain` has the larger scale: its ratio to the common scale is exactly 1/2. */
typedef struct {
    int32_t plain_step, scaled_step;
    int32_t scaled_multiplier, scaled_shift; /* to the right */
    int32_t scaled_zero; /* zero point << 21 */
    int32_t plain_zero;  /* zero point << 20 */
    int32_t out_multiplier;
    int32_t out_add;     /* zero point << out_shift, and half a unit */
    int32_t out_shift;   /* to the right, 1 to 22 */
    int32_t act_min, act_max;
} rf_add_s8_dsp_params;

typedef struct {
    rf_broadcast shape; /* a: plain, b: scaled */
    rf_add_s8_dsp_params flat;
} rf_add_s8_dsp_broadcast_params;

/* plain + scaled, plain - scaled, scaled - plain */
void rf_add_s8_dsp(const rf_add_s8_dsp_params *p, const int8_t *plain, const int8_t *scaled, int8_t *out, int32_t count);
void rf_sub_s8_dsp(const rf_add_s8_dsp_params *p, const int8_t *plain, const int8_t *scaled, int8_t *out, int32_t count);
void rf_rsub_s8_dsp(const rf_add_s8_dsp_params *p, const int8_t *plain, const int8_t *scaled, int8_t *out,
                    int32_t count);
void rf_add_s8_dsp_broadcast(const rf_add_s8_dsp_broadcast_params *p, const int8_t *plain, const int8_t *scaled,
                             int8_t *out);
void rf_sub_s8_dsp_broadcast(const rf_add_s8_dsp_broadcast_params *p, const int8_t *plain, const int8_t *scaled,
                             int8_t *out);
void rf_rsub_s8_dsp_broadcast(const rf_add_s8_dsp_broadcast_params *p, const int8_t *plain, const int8_t *scaled,
                              int8_t *out);

#endif
