/* lookup: a function of one byte given by its 256 values. */
#ifndef RF_LOOKUP_H
#define RF_LOOKUP_H

#include "../rf.h"

typedef struct {
    const int8_t *table; /* 256 values, for the smallest input first; unsigned ones by their bytes */
} rf_lookup_params;

void rf_lookup_s8(const rf_lookup_params *p, const int8_t *in, int8_t *out, int32_t count);
void rf_lookup_s8_u8(const rf_lookup_params *p, const int8_t *in, uint8_t *out, int32_t count);
void rf_lookup_u8_s8(const rf_lookup_params *p, const uint8_t *in, int8_t *out, int32_t count);

#endif
