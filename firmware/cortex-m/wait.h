/*
 * Sleeping until a peripheral has something to say. With PRIMASK set, a pending interrupt that is enabled in the NVIC wakes
 * WFI but is not taken (Arm DDI 0403, B1.5.19): no handler, no shared state, and the caller polls on.
 */
#ifndef WAIT_H
#define WAIT_H

#include <stdint.h>

static inline void wait_enable(uint32_t irq)
{
    ((volatile uint32_t *)0xe000e100u)[irq >> 5] = 1u << (irq & 31); /* NVIC_ISER */
}

/* Returns after the interrupt became pending, or earlier: ask the peripheral, and wait again. */
static inline void wait_for(uint32_t irq)
{
    __asm volatile("dsb\n\twfi" ::: "memory");
    ((volatile uint32_t *)0xe000e280u)[irq >> 5] = 1u << (irq & 31); /* NVIC_ICPR */
}

#endif
