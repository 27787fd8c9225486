/*
 * fully_connected_any_dsp: matrix times vector on the DSP extension where fully_connected_dsp.c does not apply: int8 with odd
 * numbers of inputs or scales beyond its arithmetic, and int16. Loop order: row, which is copied as 16-bit numbers; four outputs,
 * four inputs. Registers: four sums, two words of inputs, three of weights, two pointers. Cost on a Cortex-M4 per MAC: 1.7
 * instructions; 25 to 30 per output.
 */
#include "fully_connected_any_dsp.h"

#include "../rf_dsp_dot.h"

void rf_fully_connected_any_s8_dsp(const rf_fully_connected_any_s8_dsp_params *p, const int8_t *in, int8_t *out,
                                   void *scratch)
{
    int16_t *column = (int16_t *)scratch;
    const rf_fully_connected_any_s8_dsp_params q = *p; /* which what is stored might be part of */
    for (int32_t row = 0; row < q.rows; row++, in += q.in_count) {
        const int8_t *weights = q.weights;
        rf_dsp_widen(column, in, q.in_count);
        for (int32_t o = 0; o < q.out_count; o += 4, weights += 16 * q.words) {
            int32_t sums[4];
            memcpy(sums, q.bias + o, sizeof sums);
            rf_dsp_dot41(weights, column, q.words, sums);
            for (int32_t i = 0; i < rf_min(4, q.out_count - o); i++) {
                const int32_t y = rf_dsp_result_s8(sums[i], q.multipliers[o + i], q.shifts[o + i], q.out_zero);
                *out++ = (int8_t)rf_clamp(y, q.act_min, q.act_max);
            }
        }
    }
}

void rf_fully_connected_s16_dsp(const rf_fully_connected_s16_dsp_params *p, const int16_t *in, int16_t *out,
                                void *scratch)
{
    int16_t *column = (int16_t *)scratch;
    const rf_fully_connected_s16_dsp_params q = *p;
    for (int32_t row = 0; row < q.rows; row++, in += q.in_count) {
        const int8_t *weights = q.weights;
        memcpy(column, in, 2 * (size_t)q.in_count);
        for (int32_t o = 0; o < q.out_count; o += 4, weights += 16 * q.words) {
            int64_t sums[4];
            memcpy(sums, q.bias + o, sizeof sums);
            rf_dsp_dot41_wide(weights, column, q.words, sums);
            for (int32_t i = 0; i < rf_min(4, q.out_count - o); i++) {
                const int32_t y = rf_dsp_result_s16(sums[i], q.multipliers[o + i], q.shifts[o + i], q.narrow);
                *out++ = (int16_t)rf_clamp(y, q.act_min, q.act_max);
            }
        }
    }
}
