/* maximum, minimum: the larger or smaller of two elements, broadcast; quantised operands and output share one scale. */
#ifndef RF_EXTREMUM_H
#define RF_EXTREMUM_H

#include "../rf_broadcast.h"

/* Declares the flat and the broadcasting kernel of one type. */
#define RF_DECLARE_EXTREMUM(name, T)                                                                                   \
    void name(const rf_binary_plain_params *p, const T *a, const T *b, T *out, int32_t count);                         \
    void name##_broadcast(const rf_binary_plain_broadcast_params *p, const T *a, const T *b, T *out);

RF_DECLARE_EXTREMUM(rf_maximum_s8, int8_t)
RF_DECLARE_EXTREMUM(rf_maximum_s16, int16_t)
RF_DECLARE_EXTREMUM(rf_maximum_s32, int32_t)
RF_DECLARE_EXTREMUM(rf_maximum_s64, int64_t)
RF_DECLARE_EXTREMUM(rf_maximum_f32, float)
RF_DECLARE_EXTREMUM(rf_minimum_s8, int8_t)
RF_DECLARE_EXTREMUM(rf_minimum_s16, int16_t)
RF_DECLARE_EXTREMUM(rf_minimum_s32, int32_t)
RF_DECLARE_EXTREMUM(rf_minimum_s64, int64_t)
RF_DECLARE_EXTREMUM(rf_minimum_f32, float)

#endif
