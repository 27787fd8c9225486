/* What family.h says of a UART. Which one a board uses is RF_UART, from its JSON file; its pins are RF_UART_TX and so on. */
#ifndef UART_H
#define UART_H

#include <stdint.h>

typedef enum { BUS_APB1, BUS_APB2, BUS_COUNT } stm32_bus;

typedef struct {
    uint32_t base;
    uint32_t enable;    /* address of the RCC register that switches its clock on */
    uint8_t enable_bit;
    uint8_t irq;
    uint8_t bus;
    uint8_t low_power;  /* an LPUART: its divider has eight more bits of fraction */
} stm32_uart;

/* What the clock set-up has reached. */
typedef struct {
    uint32_t core_hz;
    uint32_t bus_hz[BUS_COUNT];
    uint32_t timer_cycles; /* core cycles per tick of TIM2 */
} stm32_clocks;

/*
 * Brings the core to the clock that the board's file names, with the flash's wait states and all caches. Any wait that runs
 * out leaves the reset clock, which the result then says. With RF_LOADER_BUILD no cache is switched on: the loader reads what
 * it has just programmed.
 */
stm32_clocks family_start_clock(void);

/* Reads a byte that has arrived, or -1. */
int stm32_poll(void);

/* Sleeps until a byte has arrived, or something else wakes the core. */
void stm32_wait(void);

/* Starts the board anew with a wish of cortex-m/handover.h, when the last byte is on the line. Does not return. */
void stm32_leave(uint32_t wish);

#endif
