/* batch_matmul_dsp: products of int8 matrices that are both computed, on the DSP extension. */
#ifndef RF_BATCH_MATMUL_DSP_H
#define RF_BATCH_MATMUL_DSP_H

#include "../rf.h"

enum { RF_DSP_BATCH_RANK = RF_MAX_RANK - 2 };

/* As rf_batch_matmul_int_params. */
typedef struct {
    int32_t batch[RF_DSP_BATCH_RANK];
    int32_t a_batch[RF_DSP_BATCH_RANK], b_batch[RF_DSP_BATCH_RANK]; /* 0 where the operand repeats */
    int32_t rows, depth, columns;
    int32_t a_row, a_depth, b_depth, b_column;
} rf_dsp_matrices;

typedef struct {
    rf_dsp_matrices shape;
    int32_t a_zero, b_zero, out_zero;
    int32_t multiplier, shift;
} rf_batch_matmul_s8_dsp_params;

/* scratch: two columns of b as 16-bit numbers and a row of a, the depth filled up to a multiple of four */
void rf_batch_matmul_s8_dsp(const rf_batch_matmul_s8_dsp_params *p, const int8_t *a, const int8_t *b, int8_t *out,
                            void *scratch);

#endif
