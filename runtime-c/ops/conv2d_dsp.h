/* conv2d_dsp: 2-D convolution of int8 images for Cortex-M with the DSP extension; equal to rf_conv2d_s8. */
#ifndef RF_CONV2D_DSP_H
#define RF_CONV2D_DSP_H

#include "../rf.h"

/* Kernel rows of a filter, at most. */
enum { RF_CONV2D_DSP_ROWS = 16 };

/*
 * weights: for each pair of output channels (c0, c1; c1 is 0 behind the last) and each pair of inputs (a, b) the bytes
 * c0[a], c1[a], c0[b], c1[b], where a byte of c1 is one less when that of c0 is negative: a half word is then 256 * c1 + c0.
 * Inputs are paired per kernel row: of every four 0 with 2 and 1 with 3, of a rest 0 with 1 (0 with 2 when there are three).
 * Pairs are filled up with zeros to a multiple of four.
 * table: seven words per pair of channels, see the panel in conv2d_dsp.c. Biases include the input's zero point.
 */
typedef struct {
    rf_plane in, out;
    rf_window window;
    int32_t in_zero;
    int32_t act_min, act_max;
    int32_t rounds_down; /* 1: negative results are clamped away, so that ties may round up */
    int32_t pixels;      /* at most this many are computed together, 1 to 4 */
    int32_t pairs;       /* of inputs for one output */
    int32_t first_rows;  /* 0, or the kernel rows of the first of two parts in which two pixels are computed */
    const int8_t *weights;
    const int32_t *table;
} rf_conv2d_s8_dsp_params;

/*
 * scratch: pixels * pairs words, then (where the input channels are no multiple of four) one kernel row of inputs. In two parts: the
 * columns of the larger one, or of one whole pixel, then two words for each output channel.
 */
void rf_conv2d_s8_dsp(const rf_conv2d_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch, int32_t y_begin,
                      int32_t y_end);

#endif
