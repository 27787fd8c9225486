/* batch_matmul: reference kernels. Loop order: batch, row, column, depth (TFLM reference_ops::BatchMatMul). */
#include "batch_matmul.h"

#include "../rf_quant.h"

/* Steps `at` to the next batch; 0 after the last. */
static int next_batch(const rf_matrices *m, int32_t *at)
{
    int32_t d = RF_MAX_BATCH_RANK - 1;
    while (d >= 0 && ++at[d] == m->batch[d]) {
        at[d--] = 0;
    }
    return d >= 0;
}

static int32_t offset(const int32_t *at, const int32_t *steps)
{
    int32_t sum = 0;
    for (int32_t d = 0; d < RF_MAX_BATCH_RANK; d++) {
        sum += at[d] * steps[d];
    }
    return sum;
}

/* T element, A accumulator; PRODUCT of an element of each operand, RESULT of the sum. */
#define DEFINE_BATCH_MATMUL(name, P, SHAPE, T, A, PRODUCT, RESULT)                                                     \
    void name(const P *p, const T *a, const T *b, T *out)                                                              \
    {                                                                                                                  \
        const rf_matrices *m = SHAPE;                                                                                  \
        int32_t at[RF_MAX_BATCH_RANK] = {0};                                                                           \
        do {                                                                                                           \
            for (int32_t i = 0; i < m->rows; i++) {                                                                    \
                const T *row = a + offset(at, m->a_batch) + i * m->a_row;                                              \
                for (int32_t j = 0; j < m->columns; j++) {                                                             \
                    const T *column = b + offset(at, m->b_batch) + j * m->b_column;                                    \
                    A sum = 0;                                                                                         \
                    for (int32_t k = 0; k < m->depth; k++) {                                                           \
                        sum += PRODUCT(row[k * m->a_depth], column[k * m->b_depth]);                                   \
                    }                                                                                                  \
                    *out++ = RESULT(sum);                                                                              \
                }                                                                                                      \
            }                                                                                                          \
        } while (next_batch(m, at));                                                                                   \
    }

#define PRODUCT_S8(x, y) (((x) - p->a_zero) * ((y) - p->b_zero))
#define RESULT_S8(sum) (int8_t)rf_clamp(rf_add(rf_scale(sum, p->multiplier, p->shift), p->out_zero), INT8_MIN, INT8_MAX)
#define PRODUCT_S16(x, y) ((int32_t)(x) * (y))
#define RESULT_S16(sum) (int16_t)rf_clamp(rf_scale_wide(sum, p->multiplier, p->shift), INT16_MIN, INT16_MAX)
#define PRODUCT_F32(x, y) ((x) * (y))
#define RESULT_F32(sum) (sum)

DEFINE_BATCH_MATMUL(rf_batch_matmul_s8, rf_batch_matmul_int_params, &p->shape, int8_t, int32_t, PRODUCT_S8, RESULT_S8)
DEFINE_BATCH_MATMUL(rf_batch_matmul_s16, rf_batch_matmul_int_params, &p->shape, int16_t, int64_t, PRODUCT_S16, RESULT_S16)
DEFINE_BATCH_MATMUL(rf_batch_matmul_f32, rf_matrices, p, float, float, PRODUCT_F32, RESULT_F32)
