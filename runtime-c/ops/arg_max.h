/* arg_max, arg_min along one axis of [outer][axis_size][inner]; of equal elements the first counts. */
#ifndef RF_ARG_MAX_H
#define RF_ARG_MAX_H

#include "../rf.h"

typedef struct {
    int32_t outer, axis_size, inner;
} rf_arg_max_params;

/* Declares both operators for elements of type T, with 32-bit and with 64-bit positions. */
#define RF_DECLARE_ARG_MAX(suffix, T)                                                                                  \
    void rf_arg_max_##suffix(const rf_arg_max_params *p, const T *in, int32_t *out);                                   \
    void rf_arg_min_##suffix(const rf_arg_max_params *p, const T *in, int32_t *out);                                   \
    void rf_arg_max_##suffix##_s64(const rf_arg_max_params *p, const T *in, int64_t *out);                             \
    void rf_arg_min_##suffix##_s64(const rf_arg_max_params *p, const T *in, int64_t *out);

RF_DECLARE_ARG_MAX(s8, int8_t)
RF_DECLARE_ARG_MAX(u8, uint8_t)
RF_DECLARE_ARG_MAX(s16, int16_t)
RF_DECLARE_ARG_MAX(s32, int32_t)
RF_DECLARE_ARG_MAX(f32, float)

#endif
