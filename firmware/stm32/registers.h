/* Registers by address, waits that end, and cores' own registers that every STM32 family uses. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

#if defined(RF_MOCK_REGISTERS) /* the host's tests of clocks and flash drivers: firmware/test/drivers_test.c */
volatile uint32_t *mock_register(uint32_t address);
uint32_t mock_poll(volatile uint32_t *reg); /* what it reads now; time goes by */
#define REG(address) (*mock_register(address))
#define POLL(reg) mock_poll(reg)
#define BARRIER() ((void)0)
#else
#define REG(address) (*(volatile uint32_t *)(address))
#define POLL(reg) (*(reg))
#define BARRIER() __asm volatile("dsb\n\tisb" ::: "memory")
#endif

/*
 * Longer than any wait here can take on a working chip, in turns of a loop of some ten cycles: a crystal starts within
 * milliseconds, a byte at 115200 baud takes 87 us. On an emulator without a clock tree a wait that runs out costs a blink.
 */
#if !defined(PATIENCE)
#define PATIENCE 100000u
#endif

/* Whether the masked bits took the value within `patience` turns. */
static inline int reached_within(volatile uint32_t *reg, uint32_t mask, uint32_t value, uint32_t patience)
{
    for (uint32_t i = 0; i < patience; i++)
        if ((POLL(reg) & mask) == value)
            return 1;
    return 0;
}

static inline int reached(volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
    return reached_within(reg, mask, value, PATIENCE);
}

static inline void change(volatile uint32_t *reg, uint32_t clear, uint32_t set)
{
    *reg = (*reg & ~clear) | set;
}

/* Arm DDI 0403 (ARMv7-M): B3.2 system control block, C1.6 and C1.8 debug. */
#define SCB_CCR REG(0xe000ed14u)
#define SYST_CSR REG(0xe000e010u)
#define SYST_RVR REG(0xe000e014u)
#define SYST_CVR REG(0xe000e018u)
#define DEMCR REG(0xe000edfcu)
#define DWT_CTRL REG(0xe0001000u)
#define DWT_CYCCNT REG(0xe0001004u)
#define DWT_LAR REG(0xe0001fb0u)

#endif
