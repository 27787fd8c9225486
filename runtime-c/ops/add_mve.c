/*
 * add_mve: int8 sum on Helium. One pass over the elements, four at a time, each read before it is written. Registers: q0 and
 * q1 operands, q2 the factor of a. Cost: 2.25 instructions per element.
 */
#include "add_mve.h"

#include "../rf_mve.h"

void rf_add_s8_mve(const rf_add_s8_mve_params *p, const int8_t *a, const int8_t *b, int8_t *out, int32_t count)
{
#if RF_MVE_NATIVE
    int8_t *to = out;
    __asm__ volatile("vdup.32 q2, %[a_factor]\n wlstp.32 lr, %[count], 2f\n"
                     "1: vldrb.s32 q0, [%[a]], #4\n vldrb.s32 q1, [%[b]], #4\n vmlas.s32 q0, q2, %[add]\n"
                     "vmla.s32 q0, q1, %[b_factor]\n vshl.s32 q0, %[left]\n vqmovnb.s32 q0, q0\n vqmovnb.s16 q0, q0\n"
                     "vstrb.32 q0, [%[to]], #4\n letp lr, 1b\n"
                     "2:"
                     : [a] "+l"(a), [b] "+l"(b), [to] "+l"(to)
                     : [a_factor] "r"(p->a_factor), [b_factor] "r"(p->b_factor), [add] "r"(p->add),
                       [left] "r"(-p->shift), [count] "r"(count)
                     : "lr", "q0", "q1", "q2", "memory");
#else
    for (int32_t i = 0; i < count; i++) {
        const uint32_t left = (uint32_t)a[i] * (uint32_t)p->a_factor, right = (uint32_t)b[i] * (uint32_t)p->b_factor;
        out[i] = (int8_t)rf_clamp((int32_t)(left + right + (uint32_t)p->add) >> p->shift, INT8_MIN, INT8_MAX);
    }
#endif
    if (p->act_min != INT8_MIN || p->act_max != INT8_MAX) {
        rf_mve_clamp(out, p->act_min, p->act_max, count);
    }
}
