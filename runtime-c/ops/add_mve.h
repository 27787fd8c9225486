/* add_mve: sum of two int8 tensors of one shape on Cortex-M with Helium; equal to rf_add_s8. */
#ifndef RF_ADD_MVE_H
#define RF_ADD_MVE_H

#include "../rf.h"

/* (a * a_factor + b * b_factor + add) >> shift; the compiler of the network has tried all pairs of operands. */
typedef struct {
    int32_t a_factor, b_factor, add, shift;
    int32_t act_min, act_max;
} rf_add_s8_mve_params;

void rf_add_s8_mve(const rf_add_s8_mve_params *p, const int8_t *a, const int8_t *b, int8_t *out, int32_t count);

#endif
