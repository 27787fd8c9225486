/*
 * The L1 caches of a Cortex-M7: what they hold after reset is undefined, so they are invalidated before they go on.
 * Source: Arm DDI 0403, B3.2.24 to B3.2.27 (CCSIDR, CSSELR, cache maintenance); Arm DDI 0489, 5.6.
 */
#ifndef CACHES_H
#define CACHES_H

#include <stdint.h>

#define CACHES_REG(address) (*(volatile uint32_t *)(address))

static inline void invalidate_data_cache(void)
{
    CACHES_REG(0xe000ed84u) = 0; /* CSSELR: level 1, data */
    __asm volatile("dsb" ::: "memory");
    const uint32_t ccsidr = CACHES_REG(0xe000ed80u);
    const uint32_t sets = ((ccsidr >> 13) & 0x7fffu) + 1, ways = ((ccsidr >> 3) & 0x3ffu) + 1;
    const uint32_t line_shift = (ccsidr & 7u) + 4;
    uint32_t way_shift = 32;
    while ((1u << (32 - way_shift)) < ways)
        way_shift--;
    for (uint32_t set = 0; set < sets; set++)
        for (uint32_t way = 0; way < ways; way++)
            CACHES_REG(0xe000ef60u) = (way_shift < 32 ? way << way_shift : 0) | (set << line_shift); /* DCISW */
    __asm volatile("dsb" ::: "memory");
}

/* Nothing in a loader, which must see what it has just programmed. */
static inline void start_caches(void)
{
#if !defined(RF_LOADER_BUILD)
    __asm volatile("dsb\n\tisb" ::: "memory");
    CACHES_REG(0xe000ef50u) = 0; /* ICIALLU */
    __asm volatile("dsb\n\tisb" ::: "memory");
    invalidate_data_cache();
    CACHES_REG(0xe000ed14u) |= (1u << 17) | (1u << 16); /* CCR: instruction and data cache on */
    __asm volatile("dsb\n\tisb" ::: "memory");
#endif
}

#endif
