/* mean, sum, reduce_max, reduce_min over any axes. */
#ifndef RF_REDUCE_H
#define RF_REDUCE_H

#include "../rf.h"

/* out_strides are 0 along the axes that are reduced; in elements. */
typedef struct {
    int32_t dims[RF_MAX_RANK], out_strides[RF_MAX_RANK];
    int32_t out_count;
    int32_t bias;              /* input zero point times the elements per output, subtracted from the sum */
    int32_t multiplier, shift; /* input scale / output scale, and 1 / elements per output for a mean */
    int32_t out_zero;
} rf_reduce_int_params;

typedef struct {
    int32_t dims[RF_MAX_RANK], out_strides[RF_MAX_RANK];
    int32_t out_count;
    float divisor;
} rf_reduce_f32_params;

typedef struct {
    int32_t dims[RF_MAX_RANK], out_strides[RF_MAX_RANK];
    int32_t out_count;
} rf_reduce_extremum_params;

/* scratch: one int32 per output */
void rf_reduce_s8(const rf_reduce_int_params *p, const int8_t *in, int8_t *out, void *scratch);
void rf_reduce_s16(const rf_reduce_int_params *p, const int16_t *in, int16_t *out, void *scratch);
void rf_reduce_f32(const rf_reduce_f32_params *p, const float *in, float *out);

/* Declares both extrema for elements of type T. */
#define RF_DECLARE_REDUCE_EXTREMUM(suffix, T)                                                                          \
    void rf_reduce_max_##suffix(const rf_reduce_extremum_params *p, const T *in, T *out);                              \
    void rf_reduce_min_##suffix(const rf_reduce_extremum_params *p, const T *in, T *out);

RF_DECLARE_REDUCE_EXTREMUM(s8, int8_t)
RF_DECLARE_REDUCE_EXTREMUM(s16, int16_t)
RF_DECLARE_REDUCE_EXTREMUM(s32, int32_t)
RF_DECLARE_REDUCE_EXTREMUM(f32, float)

#endif
