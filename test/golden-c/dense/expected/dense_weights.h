/* Constant data of dense: weights and biases of the network, and numbers derived from its scales. */
#ifndef DENSE_WEIGHTS_H
#define DENSE_WEIGHTS_H

#include <stdint.h>

extern const int8_t dense_op0_weights[6];
extern const int32_t dense_op0_bias[2];
extern const int32_t dense_op0_multipliers[2];
extern const int32_t dense_op0_shifts[2];

#endif
