/* cast: reference kernels, one pass in order. */
#include "cast.h"

/* The nearest integer towards 0 that fits; `beyond` is the first float above the type, exact. */
#define DEFINE_TRUNCATE(name, T, lowest, highest, beyond)                                                              \
    static T name(float x)                                                                                             \
    {                                                                                                                  \
        return x >= (beyond) ? (highest) : x < (float)(lowest) ? (lowest) : x == x ? (T)x : 0;                         \
    }

DEFINE_TRUNCATE(to_s8, int8_t, INT8_MIN, INT8_MAX, 0x1p7f)
DEFINE_TRUNCATE(to_u8, uint8_t, 0, UINT8_MAX, 0x1p8f)
DEFINE_TRUNCATE(to_s16, int16_t, INT16_MIN, INT16_MAX, 0x1p15f)
DEFINE_TRUNCATE(to_s32, int32_t, INT32_MIN, INT32_MAX, 0x1p31f)
DEFINE_TRUNCATE(to_s64, int64_t, INT64_MIN, INT64_MAX, 0x1p63f)

#define DEFINE_CAST(name, T, U, expression)                                                                            \
    void name(const T *in, U *out, int32_t count)                                                                      \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            const T x = in[i];                                                                                         \
            out[i] = (expression);                                                                                     \
        }                                                                                                              \
    }

#define DEFINE_INTEGER_CASTS(from, T)                                                                                  \
    DEFINE_CAST(rf_cast_##from##_s8, T, int8_t, (int8_t)x)                                                             \
    DEFINE_CAST(rf_cast_##from##_u8, T, uint8_t, (uint8_t)x)                                                           \
    DEFINE_CAST(rf_cast_##from##_s16, T, int16_t, (int16_t)x)                                                          \
    DEFINE_CAST(rf_cast_##from##_s32, T, int32_t, (int32_t)x)                                                          \
    DEFINE_CAST(rf_cast_##from##_s64, T, int64_t, (int64_t)x)                                                          \
    DEFINE_CAST(rf_cast_##from##_f32, T, float, (float)x)                                                              \
    DEFINE_CAST(rf_cast_##from##_bool, T, uint8_t, x != 0)

DEFINE_INTEGER_CASTS(s8, int8_t)
DEFINE_INTEGER_CASTS(u8, uint8_t)
DEFINE_INTEGER_CASTS(s16, int16_t)
DEFINE_INTEGER_CASTS(s32, int32_t)
DEFINE_INTEGER_CASTS(s64, int64_t)
DEFINE_INTEGER_CASTS(bool, uint8_t)
DEFINE_CAST(rf_cast_f32_s8, float, int8_t, to_s8(x))
DEFINE_CAST(rf_cast_f32_u8, float, uint8_t, to_u8(x))
DEFINE_CAST(rf_cast_f32_s16, float, int16_t, to_s16(x))
DEFINE_CAST(rf_cast_f32_s32, float, int32_t, to_s32(x))
DEFINE_CAST(rf_cast_f32_s64, float, int64_t, to_s64(x))
DEFINE_CAST(rf_cast_f32_f32, float, float, x)
DEFINE_CAST(rf_cast_f32_bool, float, uint8_t, x != 0.0f)
