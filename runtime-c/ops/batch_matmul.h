/* batch_matmul: out[n][i][j] = sum over k of a[n][i][k] * b[n][k][j], for batches that broadcast. */
#ifndef RF_BATCH_MATMUL_H
#define RF_BATCH_MATMUL_H

#include "../rf.h"

#define RF_MAX_BATCH_RANK (RF_MAX_RANK - 2)

/* Steps in elements; a transposed operand is walked, not copied. The output is contiguous. */
typedef struct {
    int32_t batch[RF_MAX_BATCH_RANK];
    int32_t a_batch[RF_MAX_BATCH_RANK], b_batch[RF_MAX_BATCH_RANK]; /* 0 where the operand repeats */
    int32_t rows, depth, columns;
    int32_t a_row, a_depth, b_depth, b_column;
} rf_matrices;

typedef struct {
    rf_matrices shape;
    int32_t a_zero, b_zero, out_zero;
    int32_t multiplier, shift; /* scale of a * scale of b / scale of out */
} rf_batch_matmul_int_params;

void rf_batch_matmul_s8(const rf_batch_matmul_int_params *p, const int8_t *a, const int8_t *b, int8_t *out);
void rf_batch_matmul_s16(const rf_batch_matmul_int_params *p, const int16_t *a, const int16_t *b, int16_t *out);
void rf_batch_matmul_f32(const rf_matrices *p, const float *a, const float *b, float *out);

#endif
