/* quantize, dequantize: between real numbers and quantised ones, and from one scale to another. */
#ifndef RF_QUANTIZE_H
#define RF_QUANTIZE_H

#include "../rf.h"

typedef struct {
    float scale;
    int32_t zero;
} rf_quantize_f32_params; /* of the quantised side */

typedef struct {
    int32_t in_zero, out_zero;
    int32_t multiplier, shift; /* input scale / output scale */
} rf_requantize_params;

void rf_quantize_f32_s8(const rf_quantize_f32_params *p, const float *in, int8_t *out, int32_t count);
void rf_quantize_f32_u8(const rf_quantize_f32_params *p, const float *in, uint8_t *out, int32_t count);
void rf_quantize_f32_s16(const rf_quantize_f32_params *p, const float *in, int16_t *out, int32_t count);

void rf_quantize_s8_s8(const rf_requantize_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_quantize_s8_u8(const rf_requantize_params *p, const int8_t *in, uint8_t *out, int32_t count);
void rf_quantize_s8_s16(const rf_requantize_params *p, const int8_t *in, int16_t *out, int32_t count);
void rf_quantize_s8_s32(const rf_requantize_params *p, const int8_t *in, int32_t *out, int32_t count);
void rf_quantize_u8_s8(const rf_requantize_params *p, const uint8_t *in, int8_t *out, int32_t count);
void rf_quantize_s16_s8(const rf_requantize_params *p, const int16_t *in, int8_t *out, int32_t count);
void rf_quantize_s16_s16(const rf_requantize_params *p, const int16_t *in, int16_t *out, int32_t count);
void rf_quantize_s16_s32(const rf_requantize_params *p, const int16_t *in, int32_t *out, int32_t count);
void rf_quantize_s32_s8(const rf_requantize_params *p, const int32_t *in, int8_t *out, int32_t count);
void rf_quantize_s32_s16(const rf_requantize_params *p, const int32_t *in, int16_t *out, int32_t count);

void rf_dequantize_s8(const rf_quantize_f32_params *p, const int8_t *in, float *out, int32_t count);
void rf_dequantize_u8(const rf_quantize_f32_params *p, const uint8_t *in, float *out, int32_t count);
void rf_dequantize_s16(const rf_quantize_f32_params *p, const int16_t *in, float *out, int32_t count);

#endif
