/* arg_max, arg_min: reference kernels. Loop order: outer, inner, then along the axis. */
#include "arg_max.h"

#define DEFINE_ARG(name, T, O, BEATS)                                                                                  \
    void name(const rf_arg_max_params *p, const T *in, O *out)                                                         \
    {                                                                                                                  \
        for (int32_t outer = 0; outer < p->outer; outer++, in += (size_t)p->axis_size * (size_t)p->inner) {            \
            for (int32_t inner = 0; inner < p->inner; inner++) {                                                       \
                int32_t best = 0;                                                                                      \
                for (int32_t i = 1; i < p->axis_size; i++) {                                                           \
                    if (in[i * p->inner + inner] BEATS in[best * p->inner + inner]) {                                  \
                        best = i;                                                                                      \
                    }                                                                                                  \
                }                                                                                                      \
                *out++ = best;                                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }

#define DEFINE_ARG_MAX(suffix, T)                                                                                      \
    DEFINE_ARG(rf_arg_max_##suffix, T, int32_t, >)                                                                     \
    DEFINE_ARG(rf_arg_min_##suffix, T, int32_t, <)                                                                     \
    DEFINE_ARG(rf_arg_max_##suffix##_s64, T, int64_t, >)                                                               \
    DEFINE_ARG(rf_arg_min_##suffix##_s64, T, int64_t, <)

DEFINE_ARG_MAX(s8, int8_t)
DEFINE_ARG_MAX(u8, uint8_t)
DEFINE_ARG_MAX(s16, int16_t)
DEFINE_ARG_MAX(s32, int32_t)
DEFINE_ARG_MAX(f32, float)
