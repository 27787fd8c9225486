/* conv2d_any_dsp: convolution on the DSP extension of int8 with any groups and numbers, and of int16 with int8 weights. */
#ifndef RF_CONV2D_ANY_DSP_H
#define RF_CONV2D_ANY_DSP_H

#include "../rf.h"

/* weights: as in rf_dsp_dot.h, per group its channels in twos, an odd one with zeros beside it. */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t groups;
    int32_t words; /* of a column of one group */
    int32_t in_zero, out_zero, act_min, act_max;
    const int8_t *weights;
    const int32_t *bias; /* without the inputs' zero point */
    const int32_t *multipliers, *shifts; /* per output channel, as the reference kernel's */
} rf_conv2d_any_s8_dsp_params;

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t groups;
    int32_t words;
    int32_t narrow, act_min, act_max;
    const int8_t *weights;
    const int64_t *bias;
    const int32_t *multipliers, *shifts; /* of rf_dsp_result_s16 */
} rf_conv2d_s16_dsp_params;

/* scratch: two pixels' columns of all groups */
void rf_conv2d_any_s8_dsp(const rf_conv2d_any_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch,
                          int32_t y_begin, int32_t y_end);
void rf_conv2d_s16_dsp(const rf_conv2d_s16_dsp_params *p, const int16_t *in, int16_t *out, void *scratch, int32_t y_begin,
                       int32_t y_end);

#endif
