/* softmax_table: softmax of int8 inputs with the exponentials of all differences as a table. */
#ifndef RF_SOFTMAX_TABLE_H
#define RF_SOFTMAX_TABLE_H

#include "../rf.h"

typedef struct {
    int32_t rows, depth;
    int32_t count;          /* of the table; differences from there on give 0 */
    const int32_t *table;   /* exp(-n * beta * input scale) in Q0, n = 0 first */
} rf_softmax_table_params;

void rf_softmax_table_s8(const rf_softmax_table_params *p, const int8_t *in, int8_t *out);
void rf_softmax_table_s8_s16(const rf_softmax_table_params *p, const int8_t *in, int16_t *out);

#endif
