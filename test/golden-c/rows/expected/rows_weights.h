/* Constant data of rows: weights and biases of the network, and numbers derived from its scales. */
#ifndef ROWS_WEIGHTS_H
#define ROWS_WEIGHTS_H

#include <stdint.h>

extern const int8_t rows_op0_weights[72];
extern const int32_t rows_op0_multipliers[8];
extern const int32_t rows_op0_shifts[8];
extern const int8_t rows_op2_weights[16];
extern const int32_t rows_op2_multipliers[2];
extern const int32_t rows_op2_shifts[2];

#endif
