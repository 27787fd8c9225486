/*
 * mean, sum: reference kernels. One pass over the input in order, adding each element to the sum of its output; then the
 * sums are scaled (TFLM reference_ops::QuantizedMeanOrSum). reduce_max, reduce_min: the same pass, without scales.
 */
#include "reduce.h"

#include "../rf_quant.h"

/* Steps `at` to the next run along the last of `dims` and returns the output of its first element; -1 after the last. */
static int32_t next_run(const int32_t *dims, const int32_t *out_strides, int32_t *at)
{
    int32_t d = RF_MAX_RANK - 2;
    while (d >= 0 && ++at[d] == dims[d]) {
        at[d--] = 0;
    }
    if (d < 0) {
        return -1;
    }
    int32_t index = 0;
    for (int32_t k = 0; k < RF_MAX_RANK - 1; k++) {
        index += at[k] * out_strides[k];
    }
    return index;
}

/* Does STEP for every element `in` of type T and `o`, the place of its output among those at `outs`, of type U. */
#define FOR_EACH_RUN(T, U, outs, STEP)                                                                                 \
    do {                                                                                                               \
        int32_t at[RF_MAX_RANK] = {0};                                                                                 \
        const int32_t run = p->dims[RF_MAX_RANK - 1], step = p->out_strides[RF_MAX_RANK - 1];                          \
        for (int32_t first = 0; first >= 0; first = next_run(p->dims, p->out_strides, at)) {                           \
            U *o = (outs) + first;                                                                                     \
            for (const T *end = in + run; in != end; in++, o += step) {                                                \
                STEP;                                                                                                  \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

#define DEFINE_REDUCE(name, T, lowest, highest)                                                                        \
    void name(const rf_reduce_int_params *p, const T *in, T *out, void *scratch)                                       \
    {                                                                                                                  \
        int32_t *sums = (int32_t *)scratch;                                                                            \
        for (int32_t o = 0; o < p->out_count; o++) {                                                                   \
            sums[o] = 0;                                                                                               \
        }                                                                                                              \
        FOR_EACH_RUN(T, int32_t, sums, *o += *in);                                                                     \
        for (int32_t o = 0; o < p->out_count; o++) {                                                                   \
            const int32_t scaled = rf_add(rf_scale(sums[o] - p->bias, p->multiplier, p->shift), p->out_zero);          \
            out[o] = (T)rf_clamp(scaled, (lowest), (highest));                                                         \
        }                                                                                                              \
    }

DEFINE_REDUCE(rf_reduce_s8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_REDUCE(rf_reduce_s16, int16_t, INT16_MIN, INT16_MAX)

void rf_reduce_f32(const rf_reduce_f32_params *p, const float *in, float *out)
{
    for (int32_t o = 0; o < p->out_count; o++) {
        out[o] = 0.0f;
    }
    FOR_EACH_RUN(float, float, out, *o += *in);
    for (int32_t o = 0; o < p->out_count; o++) {
        out[o] /= p->divisor;
    }
}

#define DEFINE_REDUCE_EXTREMUM(name, T, START, BEATS)                                                                  \
    void name(const rf_reduce_extremum_params *p, const T *in, T *out)                                                 \
    {                                                                                                                  \
        for (int32_t o = 0; o < p->out_count; o++) {                                                                   \
            out[o] = START;                                                                                            \
        }                                                                                                              \
        FOR_EACH_RUN(T, T, out, *o = *in BEATS *o ? *in : *o);                                                         \
    }

DEFINE_REDUCE_EXTREMUM(rf_reduce_max_s8, int8_t, INT8_MIN, >)
DEFINE_REDUCE_EXTREMUM(rf_reduce_min_s8, int8_t, INT8_MAX, <)
DEFINE_REDUCE_EXTREMUM(rf_reduce_max_s16, int16_t, INT16_MIN, >)
DEFINE_REDUCE_EXTREMUM(rf_reduce_min_s16, int16_t, INT16_MAX, <)
DEFINE_REDUCE_EXTREMUM(rf_reduce_max_s32, int32_t, INT32_MIN, >)
DEFINE_REDUCE_EXTREMUM(rf_reduce_min_s32, int32_t, INT32_MAX, <)
DEFINE_REDUCE_EXTREMUM(rf_reduce_max_f32, float, -INFINITY, >)
DEFINE_REDUCE_EXTREMUM(rf_reduce_min_f32, float, INFINITY, <)
