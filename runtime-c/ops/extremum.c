/* maximum, minimum: reference kernels. One pass over the elements, in order. */
#include "extremum.h"

/* `wins` compares the first operand with the second: > or <. */
#define DEFINE_EXTREMUM(name, T, wins)                                                                                 \
    void name(const rf_binary_plain_params *p, const T *a, const T *b, T *out, int32_t count)                          \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            const T x = a[i * p->a_step], y = b[i * p->b_step];                                                        \
            out[i] = x wins y ? x : y;                                                                                 \
        }                                                                                                              \
    }                                                                                                                  \
    RF_DEFINE_BROADCAST(name##_broadcast, rf_binary_plain_broadcast_params, name, T, T)

DEFINE_EXTREMUM(rf_maximum_s8, int8_t, >)
DEFINE_EXTREMUM(rf_maximum_s16, int16_t, >)
DEFINE_EXTREMUM(rf_maximum_s32, int32_t, >)
DEFINE_EXTREMUM(rf_maximum_s64, int64_t, >)
DEFINE_EXTREMUM(rf_maximum_f32, float, >)
DEFINE_EXTREMUM(rf_minimum_s8, int8_t, <)
DEFINE_EXTREMUM(rf_minimum_s16, int16_t, <)
DEFINE_EXTREMUM(rf_minimum_s32, int32_t, <)
DEFINE_EXTREMUM(rf_minimum_s64, int64_t, <)
DEFINE_EXTREMUM(rf_minimum_f32, float, <)
