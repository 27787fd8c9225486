/* transpose_conv_dsp: transposed convolution of int8, or int16 with int8 weights, on the DSP extension. */
#ifndef RF_TRANSPOSE_CONV_DSP_H
#define RF_TRANSPOSE_CONV_DSP_H

#include "../rf.h"

/*
 * Output cells at one distance from a multiple of the stride, a phase, see the same cells of the kernel: they are a convolution
 * of their own. weights: as in rf_dsp_dot.h, phase by phase in order of rows and columns, channels in twos; per channel kernel rows
 * and columns from the last cell that the phase sees to the first, so that inputs come in order.
 */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t in_zero, out_zero, act_min, act_max;
    const int8_t *weights;
    const int32_t *starts; /* of the phases' weights */
    const int32_t *bias;   /* per phase and channel, without the inputs' zero point */
    const int32_t *multipliers, *shifts;
} rf_transpose_conv_s8_dsp_params;

typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t act_min, act_max;
    const int8_t *weights;
    const int32_t *starts;
    const int64_t *bias; /* per phase and channel */
    const int32_t *multipliers, *shifts; /* of rf_dsp_scale_wide */
} rf_transpose_conv_s16_dsp_params;

/* scratch: two columns of the largest phase */
void rf_transpose_conv_s8_dsp(const rf_transpose_conv_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch,
                              int32_t y_begin, int32_t y_end);
void rf_transpose_conv_s16_dsp(const rf_transpose_conv_s16_dsp_params *p, const int16_t *in, int16_t *out, void *scratch,
                               int32_t y_begin, int32_t y_end);

#endif
