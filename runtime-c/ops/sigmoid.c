/*
 * logistic, tanh: reference kernels, one pass in order (TFLM reference_integer_ops::Logistic and Tanh). int8:
 * gemmlowp's fixed-point functions in Q4. int16: a table with linear interpolation.
 */
#include "sigmoid.h"

#include <math.h>

#include "../rf_fixed.h"

/* Inputs that Q4 cannot hold saturate. `zero`: the output's zero point. */
#define DEFINE_SIGMOID_S8(name, function, fraction_bits, zero)                                                         \
    void name(const rf_sigmoid_s8_params *p, const int8_t *in, int8_t *out, int32_t count)                             \
    {                                                                                                                  \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            const int32_t x = in[i] - p->in_zero;                                                                      \
            int32_t value = x < 0 ? INT8_MIN : INT8_MAX;                                                               \
            if (x > -p->radius && x < p->radius) {                                                                     \
                const int32_t y = function(rf_scale(x, p->multiplier, p->shift), 4);                                   \
                value = rf_clamp(rf_round_shift(y, 31 - (fraction_bits)) + (zero), INT8_MIN, INT8_MAX);                \
            }                                                                                                          \
            out[i] = (int8_t)value;                                                                                    \
        }                                                                                                              \
    }

DEFINE_SIGMOID_S8(rf_logistic_s8, rf_fixed_logistic, 8, -128)
DEFINE_SIGMOID_S8(rf_tanh_s8, rf_fixed_tanh, 7, 0)

/* 65536 / (1 + exp(-i / 24)) to within one unit: the numbers of TensorFlow Lite's sigmoid table. */
static const uint16_t sigmoid_table[256] = {
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064, 42688,
    43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464, 50942, 51409,
    51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433,
    57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110,
    61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990, 63090, 63186,
    63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030, 64090, 64148, 64204, 64257, 64308,
    64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900,
    64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208,
    65221, 65234, 65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367,
    65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449,
    65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491,
    65493, 65495, 65497, 65498, 65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513,
    65514, 65515, 65516, 65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
    65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530,
    65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
    65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535,
};

/* sigmoid(x) in 16 + fraction_bits bits, for magnitude x in steps of 2^-fraction_bits table entries. */
static int32_t interpolate(uint32_t x, int32_t fraction_bits, int32_t beyond)
{
    const uint32_t at = x >> fraction_bits;
    if (at >= 255) {
        return beyond;
    }
    const uint32_t here = sigmoid_table[at], next = sigmoid_table[at + 1];
    return (int32_t)((here << fraction_bits) + (x & ((UINT32_C(1) << fraction_bits) - 1)) * (next - here));
}

/* Input in units of 1/(3 * 4096), in which 2^17 is 10.7. */
static int32_t scaled_s16(const rf_sigmoid_s16_params *p, int16_t x)
{
    const int32_t half = p->shift > 0 ? 1 << (p->shift - 1) : 0;
    return (x * p->multiplier + half) >> p->shift;
}

static uint32_t magnitude(int32_t x) { return x < 0 ? (uint32_t)-x : (uint32_t)x; }

void rf_logistic_s16(const rf_sigmoid_s16_params *p, const int16_t *in, int16_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const int32_t x = scaled_s16(p, in[i]);
        const int32_t y = interpolate(magnitude(x), 9, 0x7FFF << 10);
        out[i] = (int16_t)((x >= 0 ? y + (1 << 9) : (1 << 25) - y + (1 << 9) - 1) >> 10);
    }
}

/* tanh(x) = 2 sigmoid(2 x) - 1. */
void rf_tanh_s16(const rf_sigmoid_s16_params *p, const int16_t *in, int16_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const int32_t x = scaled_s16(p, in[i]);
        const int32_t y = interpolate(magnitude(x), 8, 0xFFFF << 8) - (1 << 23);
        out[i] = (int16_t)((x >= 0 ? y + (1 << 7) : -y + (1 << 7) - 1) >> 8);
    }
}

/* Beyond these bounds the simpler terms are exact to float precision (TFLM reference_ops::Logistic). */
void rf_logistic_f32(const float *in, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float x = in[i];
        out[i] = x > 16.619047164916992188f ? 1.0f : x < -9.0f ? expf(x) : 1.0f / (1.0f + expf(-x));
    }
}

void rf_tanh_f32(const float *in, float *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        out[i] = tanhf(in[i]);
    }
}
