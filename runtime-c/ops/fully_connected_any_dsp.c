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
    for (int32_t row = 0; row < p->rows; row++, in += p->in_count) {
        const int8_t *weights = p->weights;
        rf_dsp_widen(column, in, p->in_count);
        for (int32_t o = 0; o < p->out_count; o += 4, weights += 16 * p->words) {
            int32_t sums[4];
            memcpy(sums, p->bias + o, sizeof sums);
            rf_dsp_dot41(weights, column, p->words, sums);
            for (int32_t i = 0; i < rf_min(4, p->out_count - o); i++) {
                const int32_t y = rf_dsp_result_s8(sums[i], p->multipliers[o + i], p->shifts[o + i], p->out_zero);
                *out++ = (int8_t)rf_clamp(y, p->act_min, p->act_max);
            }
        }
    }
}

void rf_fully_connected_s16_dsp(const rf_fully_connected_s16_dsp_params *p, const int16_t *in, int16_t *out,
                                void *scratch)
{
    int16_t *column = (int16_t *)scratch;
    for (int32_t row = 0; row < p->rows; row++, in += p->in_count) {
        const int8_t *weights = p->weights;
        memcpy(column, in, 2 * (size_t)p->in_count);
        for (int32_t o = 0; o < p->out_count; o += 4, weights += 16 * p->words) {
            int64_t sums[4];
            memcpy(sums, p->bias + o, sizeof sums);
            rf_dsp_dot41_wide(weights, column, p->words, sums);
            for (int32_t i = 0; i < rf_min(4, p->out_count - o); i++) {
                const int32_t y = rf_dsp_result_s16(sums[i], p->multipliers[o + i], p->shifts[o + i], p->narrow);
                *out++ = (int16_t)rf_clamp(y, p->act_min, p->act_max);
            }
        }
    }
}
