/* global_pool: reference kernels. Loop order: input row, pixel, channel. */
#include "global_pool.h"

#include "../rf_quant.h"

/* Adds a band of rows to the sums; T is the element, S the sum. */
#define DEFINE_ADD_ROWS(name, T, S)                                                                                    \
    static void name(const rf_plane *plane, const T *in, S *sums, int32_t y_begin, int32_t y_end)                      \
    {                                                                                                                  \
        if (y_begin == 0) {                                                                                            \
            for (int32_t c = 0; c < plane->c; c++) {                                                                   \
                sums[c] = 0;                                                                                           \
            }                                                                                                          \
        }                                                                                                              \
        for (int32_t y = y_begin; y < y_end; y++) {                                                                    \
            const T *from = in + rf_row(plane, y);                                                                     \
            for (int32_t x = 0; x < plane->w; x++) {                                                                   \
                for (int32_t c = 0; c < plane->c; c++) {                                                               \
                    sums[c] += *from++;                                                                                \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE_ADD_ROWS(add_rows_s8, int8_t, int32_t)
DEFINE_ADD_ROWS(add_rows_s16, int16_t, int32_t)
DEFINE_ADD_ROWS(add_rows_f32, float, float)

static int32_t rounded_mean(const rf_global_average_int_params *p, int32_t sum)
{
    const int32_t count = p->in.h * p->in.w;
    const int32_t mean = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
    return rf_clamp(mean, p->act_min, p->act_max);
}

#define DEFINE_GLOBAL_AVERAGE(name, add_rows, T)                                                                       \
    void name(const rf_global_average_int_params *p, const T *in, T *out, void *scratch, int32_t y_begin,              \
              int32_t y_end)                                                                                           \
    {                                                                                                                  \
        int32_t *sums = (int32_t *)scratch;                                                                            \
        add_rows(&p->in, in, sums, y_begin, y_end);                                                                    \
        for (int32_t c = 0; y_end == p->in.h && c < p->in.c; c++) {                                                    \
            out[c] = (T)rounded_mean(p, sums[c]);                                                                      \
        }                                                                                                              \
    }

DEFINE_GLOBAL_AVERAGE(rf_global_average_s8, add_rows_s8, int8_t)
DEFINE_GLOBAL_AVERAGE(rf_global_average_s16, add_rows_s16, int16_t)

void rf_global_average_f32(const rf_global_average_f32_params *p, const float *in, float *out, void *scratch,
                           int32_t y_begin, int32_t y_end)
{
    float *sums = (float *)scratch;
    add_rows_f32(&p->in, in, sums, y_begin, y_end);
    for (int32_t c = 0; y_end == p->in.h && c < p->in.c; c++) {
        float mean = sums[c] / (float)(p->in.h * p->in.w);
        mean = mean < p->act_min ? p->act_min : mean;
        out[c] = mean > p->act_max ? p->act_max : mean;
    }
}

#define DEFINE_GLOBAL_REDUCE(name, add_rows, T, lowest, highest)                                                       \
    void name(const rf_global_reduce_int_params *p, const T *in, T *out, void *scratch, int32_t y_begin,               \
              int32_t y_end)                                                                                           \
    {                                                                                                                  \
        int32_t *sums = (int32_t *)scratch;                                                                            \
        add_rows(&p->in, in, sums, y_begin, y_end);                                                                    \
        for (int32_t c = 0; y_end == p->in.h && c < p->in.c; c++) {                                                    \
            const int32_t scaled = rf_add(rf_scale(sums[c] - p->bias, p->multiplier, p->shift), p->out_zero);          \
            out[c] = (T)rf_clamp(scaled, (lowest), (highest));                                                         \
        }                                                                                                              \
    }

DEFINE_GLOBAL_REDUCE(rf_global_reduce_s8, add_rows_s8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_GLOBAL_REDUCE(rf_global_reduce_s16, add_rows_s16, int16_t, INT16_MIN, INT16_MAX)
