/* cast: raw values to another element type; scales play no part. */
#ifndef RF_CAST_H
#define RF_CAST_H

#include "../rf.h"

/*
 * Integers wrap around when they become narrower. From float32 they are truncated; what does not fit becomes the type's
 * nearest end and NaN becomes 0, where TFLite leaves both undefined. A bool is 0 or 1.
 */
#define RF_DECLARE_CASTS(from, T)                                                                                      \
    void rf_cast_##from##_s8(const T *in, int8_t *out, int32_t count);                                                 \
    void rf_cast_##from##_u8(const T *in, uint8_t *out, int32_t count);                                                \
    void rf_cast_##from##_s16(const T *in, int16_t *out, int32_t count);                                               \
    void rf_cast_##from##_s32(const T *in, int32_t *out, int32_t count);                                               \
    void rf_cast_##from##_s64(const T *in, int64_t *out, int32_t count);                                               \
    void rf_cast_##from##_f32(const T *in, float *out, int32_t count);                                                 \
    void rf_cast_##from##_bool(const T *in, uint8_t *out, int32_t count);

RF_DECLARE_CASTS(s8, int8_t)
RF_DECLARE_CASTS(u8, uint8_t)
RF_DECLARE_CASTS(s16, int16_t)
RF_DECLARE_CASTS(s32, int32_t)
RF_DECLARE_CASTS(s64, int64_t)
RF_DECLARE_CASTS(f32, float)
RF_DECLARE_CASTS(bool, uint8_t)

#endif
