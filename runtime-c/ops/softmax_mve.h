/* softmax_mve: int8 softmax on Helium with the exponentials of all differences as a table; equal to rf_softmax_s8. */
#ifndef RF_SOFTMAX_MVE_H
#define RF_SOFTMAX_MVE_H

#include "../rf.h"

typedef struct {
    int32_t rows, depth;
    int32_t count;        /* of the table; differences from there on give 0 */
    const int32_t *table; /* exp(-n * beta * input scale) in Q0, n = 0 first */
} rf_softmax_mve_params;

void rf_softmax_mve_s8(const rf_softmax_mve_params *p, const int8_t *in, int8_t *out);

#endif
