/*
 * What loader and application tell each other across a reset: two words of RAM that neither initialises, at link_handover. A reset
 * leaves clocks and peripherals as they are after power-on, so neither has to clear up behind the other.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include <stdint.h>

#define HANDOVER_NONE 0u
#define HANDOVER_STAY 0x5ad0c0deu  /* stay in the loader */
#define HANDOVER_FAULT 0xfa17c0deu /* the same, after a fault of the loader: do not read the application's head again */
#define HANDOVER_START 0xa11ab0a7u /* start the application at once */

extern volatile uint32_t link_handover[];

static inline void handover_leave(uint32_t wish)
{
    link_handover[0] = wish;
    link_handover[1] = ~wish;
    __asm volatile("dsb" ::: "memory");
}

/* Reads the wish and forgets it. After power-on the words hold anything: only a pair that agrees counts. */
static inline uint32_t handover_take(void)
{
    const uint32_t wish = link_handover[0], complement = link_handover[1];
    handover_leave(HANDOVER_NONE);
    const int known = wish == HANDOVER_STAY || wish == HANDOVER_FAULT || wish == HANDOVER_START;
    return known && wish == ~complement ? wish : HANDOVER_NONE;
}

static inline void handover_reset(uint32_t wish)
{
    handover_leave(wish);
    *(volatile uint32_t *)0xe000ed0cu = 0x05fa0004u; /* AIRCR: key, SYSRESETREQ */
    for (;;)
        __asm volatile("dsb");
}

#endif
