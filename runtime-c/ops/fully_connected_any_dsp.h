/* fully_connected_any_dsp: int8 with any numbers, and int16 with int8 weights, on the DSP extension. */
#ifndef RF_FULLY_CONNECTED_ANY_DSP_H
#define RF_FULLY_CONNECTED_ANY_DSP_H

#include "../rf.h"

/* weights: as in rf_dsp_dot.h, outputs in fours, the last four filled up with zeros; bias and scales are filled up too. */
typedef struct {
    int32_t rows, in_count, out_count;
    int32_t words; /* of a row of inputs */
    int32_t out_zero, act_min, act_max;
    const int8_t *weights;
    const int32_t *bias; /* without the inputs' zero point */
    const int32_t *multipliers, *shifts;
} rf_fully_connected_any_s8_dsp_params;

typedef struct {
    int32_t rows, in_count, out_count;
    int32_t words;
    int32_t narrow, act_min, act_max;
    const int8_t *weights;
    const int64_t *bias;
    const int32_t *multipliers, *shifts; /* of rf_dsp_result_s16 */
} rf_fully_connected_s16_dsp_params;

/* scratch: a row of inputs as 16-bit numbers */
void rf_fully_connected_any_s8_dsp(const rf_fully_connected_any_s8_dsp_params *p, const int8_t *in, int8_t *out,
                                   void *scratch);
void rf_fully_connected_s16_dsp(const rf_fully_connected_s16_dsp_params *p, const int16_t *in, int16_t *out,
                                void *scratch);

#endif
