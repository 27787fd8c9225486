/*
 * Every STM32: one UART at the board's pins, 8N1, polled, and a cycle counter. What differs between families is in their
 * family.h (addresses) and clock.c. The host sends nothing while it waits for an answer, so one byte of buffer is enough.
 *
 * Cycles come from the DWT; where DWT_CTRL reads 0 they come from TIM2, scaled. An emulated part has neither a DWT nor a
 * clock tree: its RCC_CR reads 0, though on silicon the oscillator that runs this code says there that it is ready. Then
 * TIM2 counts instructions (QEMU under -icount shift=0) and the port says so.
 *
 * Source: Arm DDI 0403, C1.8 DWT; reference manuals named in family.h: GPIO, USART, TIM2.
 */
#include "family.h"
#include "../cortex-m/handover.h"
#include "../cortex-m/wait.h"
#include "../port.h"
#include "registers.h"
#include "uart.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define UART JOIN(uart_, RF_UART)

#define GPIO(port, offset) REG(GPIO_BASE + 0x400u * (port) + (offset))
#define MODER 0x00u
#define OSPEEDR 0x08u
#define PUPDR 0x0cu
#define AFR 0x20u

#define TIM2_CR1 REG(0x40000000u)
#define TIM2_CNT REG(0x40000024u)

#if UART_GENERATION == 1 /* F2, F4: RM0090 30.6 */
#define UART_STATUS REG(UART.base + 0x00u)
#define UART_RECEIVED REG(UART.base + 0x04u)
#define UART_SEND REG(UART.base + 0x04u)
#define UART_BRR REG(UART.base + 0x08u)
#define UART_CR1 REG(UART.base + 0x0cu)
#define CR1_ENABLE (1u << 13)
#else /* all later ones: RM0385 31.8, RM0456 66.8 */
#define UART_CR1 REG(UART.base + 0x00u)
#define UART_BRR REG(UART.base + 0x0cu)
#define UART_STATUS REG(UART.base + 0x1cu)
#define UART_CLEAR REG(UART.base + 0x20u)
#define UART_RECEIVED REG(UART.base + 0x24u)
#define UART_SEND REG(UART.base + 0x28u)
#define CR1_ENABLE 1u
#endif
#define STATUS_ERRORS 0xfu /* parity, framing, noise, overrun */
#define STATUS_RECEIVED (1u << 5)
#define STATUS_SENT (1u << 6)
#define STATUS_CAN_SEND (1u << 7)
#define CR1_RECEIVE (1u << 2)
#define CR1_TRANSMIT (1u << 3)
#define CR1_RECEIVE_IRQ (1u << 5)

extern uint8_t link_stack_low[];

int stm32_poll(void)
{
    const uint32_t status = UART_STATUS;
#if UART_GENERATION > 1
    if (status & STATUS_ERRORS)
        UART_CLEAR = STATUS_ERRORS;
#endif
    /* On the first generation reading status, then data, clears an overrun. */
    return status & STATUS_RECEIVED ? (int)(UART_RECEIVED & 0xffu) : -1;
}

void stm32_wait(void)
{
    wait_for(UART.irq);
}

static int read_byte(void *context)
{
    (void)context;
    int byte = stm32_poll();
    while (byte < 0) {
        stm32_wait();
        byte = stm32_poll();
    }
    return byte;
}

static void write_bytes(void *context, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++)
        if (reached(&UART_STATUS, STATUS_CAN_SEND, STATUS_CAN_SEND))
            UART_SEND = bytes[i];
}

void stm32_leave(uint32_t wish)
{
    (void)reached(&UART_STATUS, STATUS_SENT, STATUS_SENT);
    handover_reset(wish);
}

void port_leave(void)
{
    stm32_leave(HANDOVER_STAY);
}

static uint64_t read_cycles(void *context)
{
    (void)context;
    return DWT_CYCCNT;
}

static uint64_t read_timer(void *context)
{
    (void)context;
    return TIM2_CNT;
}

static void start_timer(void)
{
    REG(TIM2_ENABLE) |= 1u;
    (void)REG(TIM2_ENABLE); /* the peripheral may be used a bus cycle after this */
    TIM2_CR1 = 1u;
}

static void start_counter(rf_port *port, const stm32_clocks *clocks)
{
    DEMCR |= 1u << 24; /* TRCENA */
    DWT_LAR = 0xc5acce55u;
    DWT_CYCCNT = 0;
    DWT_CTRL |= 1u;
    if (DWT_CTRL != 0)
        return;
    start_timer();
    port->counter = read_timer;
    port->counter_units = clocks->timer_cycles;
}

/* Pin as port * 16 + number, from the build. */
static void connect_pin(uint32_t pin, uint32_t pulled_up)
{
    const uint32_t port = pin / 16, number = pin % 16;
    REG(GPIO_ENABLE) |= 1u << port;
    (void)REG(GPIO_ENABLE);
    change(&GPIO(port, AFR + 4 * (number / 8)), 0xfu << (4 * (number % 8)), (uint32_t)RF_UART_AF << (4 * (number % 8)));
    change(&GPIO(port, PUPDR), 3u << (2 * number), pulled_up << (2 * number));
    change(&GPIO(port, OSPEEDR), 3u << (2 * number), 2u << (2 * number));
    change(&GPIO(port, MODER), 3u << (2 * number), 2u << (2 * number));
}

static uint32_t divider(uint32_t hz)
{
    const uint64_t scaled = UART.low_power ? (uint64_t)hz * 256 : hz;
    return (uint32_t)((scaled + RF_UART_BAUD / 2) / RF_UART_BAUD);
}

static void start_uart(const stm32_clocks *clocks)
{
    REG(UART.enable) |= 1u << UART.enable_bit;
    (void)REG(UART.enable);
    connect_pin(RF_UART_TX, 0);
    connect_pin(RF_UART_RX, 1); /* an open RX line idles high */
    UART_CR1 = 0;
    UART_BRR = divider(clocks->bus_hz[UART.bus]);
    UART_CR1 = CR1_ENABLE | CR1_TRANSMIT | CR1_RECEIVE | CR1_RECEIVE_IRQ;
    wait_enable(UART.irq);
}

const rf_port *port_open(void)
{
    static rf_port port = {
        NULL, read_byte, write_bytes, read_cycles, UINT32_MAX, RF_COUNTER_KIND, RF_COUNTER_TICKS, RF_COUNTER_UNITS, 0,
        link_stack_low, RF_STACK_BYTES, RF_BOARD,
    };
    const int emulated = REG(RCC_CR) == 0;
    const stm32_clocks clocks = family_start_clock();
    if (emulated) {
        start_timer();
        port.counter = read_timer;
        port.counter_kind = RF_COUNTER_INSTRUCTIONS;
    } else {
        port.clock_hz = clocks.core_hz;
        start_counter(&port, &clocks);
    }
    start_uart(&clocks);
    return &port;
}
