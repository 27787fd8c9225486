/* depthwise_conv2d_mve: int8 depthwise convolution on Cortex-M with Helium; equal to rf_depthwise_conv2d_s8. */
#ifndef RF_DEPTHWISE_CONV2D_MVE_H
#define RF_DEPTHWISE_CONV2D_MVE_H

#include "../rf.h"

/*
 * One filter for each input channel, a multiple of four channels, at most 64 taps in 16 rows, columns not dilated. strip: output pixels that
 * are computed at once; pitch: bytes of one channel in the scratch. Weights: the taps of each channel, column by column. Table as in
 * rf_mve.h.
 */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t in_zero, out_zero;
    int32_t act_min, act_max;
    int32_t rounds_down;
    int32_t strip, pitch;
    const int8_t *weights;
    const int32_t *table;
} rf_depthwise_conv2d_s8_mve_params;

/* scratch: eight channels of `pitch` bytes, and with over 16 taps 64 bytes for each 16 of them. */
void rf_depthwise_conv2d_s8_mve(const rf_depthwise_conv2d_s8_mve_params *p, const int8_t *in, int8_t *out, void *scratch,
                                int32_t y_begin, int32_t y_end);

#endif
