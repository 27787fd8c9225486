/* lookup: an int8 function given by its 256 values (elu, gelu, exp, log of TFLite). */
#ifndef RF_LOOKUP_H
#define RF_LOOKUP_H

#include "../rf.h"

typedef struct {
    const int8_t *table; /* 256 values, for -128 first */
} rf_lookup_params;

void rf_lookup_s8(const rf_lookup_params *p, const int8_t *in, int8_t *out, int32_t count);

#endif
