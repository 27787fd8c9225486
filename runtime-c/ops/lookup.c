/* lookup: one pass in order, four elements a turn. Cost on a Cortex-M4: 4 instructions per element. */
#include "lookup.h"

/* `middle` is the table's entry for an input of 0. */
#define DEFINE_LOOKUP(name, T, U, middle)                                                                              \
    void name(const rf_lookup_params *p, const T *in, U *out, int32_t count)                                           \
    {                                                                                                                  \
        const int8_t *table = p->table + (middle);                                                                     \
        const T *end = in + (count & ~3);                                                                              \
        for (; in != end; in += 4, out += 4) {                                                                         \
            out[0] = (U)table[in[0]];                                                                                  \
            out[1] = (U)table[in[1]];                                                                                  \
            out[2] = (U)table[in[2]];                                                                                  \
            out[3] = (U)table[in[3]];                                                                                  \
        }                                                                                                              \
        for (end += count & 3; in != end; in++, out++) {                                                               \
            *out = (U)table[*in];                                                                                      \
        }                                                                                                              \
    }

DEFINE_LOOKUP(rf_lookup_s8, int8_t, int8_t, 128)
DEFINE_LOOKUP(rf_lookup_s8_u8, int8_t, uint8_t, 128)
DEFINE_LOOKUP(rf_lookup_u8_s8, uint8_t, int8_t, 0)
