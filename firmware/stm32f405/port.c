/*
 * STM32F405: USART1 on PA9 (TX) and PA10 (RX), 115200 8N1, polled.
 * The host sends nothing while it waits for an answer, so one byte of buffer is enough.
 *
 * On silicon: 168 MHz from the internal oscillator, cycles from the DWT. On the emulated part (RF_VIRTUAL) there is no
 * clock tree to set up (its registers read 0) and TIM2 counts nanoseconds, one per instruction under -icount shift=0.
 * Source: ST RM0090 rev 19: 3.5 flash latency, 7.3 RCC, 8.4 GPIO, 18.4 TIM2, 30.6 USART; Arm DDI 0403, C1.8 DWT.
 */
#include "../cortex-m/wait.h"
#include "../port.h"

#define REG(address) (*(volatile uint32_t *)(address))

#define RCC_CR REG(0x40023800u)
#define RCC_PLLCFGR REG(0x40023804u)
#define RCC_CFGR REG(0x40023808u)
#define RCC_AHB1ENR REG(0x40023830u)
#define RCC_APB1ENR REG(0x40023840u)
#define RCC_APB2ENR REG(0x40023844u)
#define FLASH_ACR REG(0x40023c00u)
#define GPIOA_MODER REG(0x40020000u)
#define GPIOA_PUPDR REG(0x4002000cu)
#define GPIOA_AFRH REG(0x40020024u)
#define USART1_SR REG(0x40011000u)
#define USART1_DR REG(0x40011004u)
#define USART1_BRR REG(0x40011008u)
#define USART1_CR1 REG(0x4001100cu)
#define TIM2_CR1 REG(0x40000000u)
#define TIM2_CNT REG(0x40000024u)
#define DEMCR REG(0xe000edfcu)
#define DWT_CTRL REG(0xe0001000u)
#define DWT_CYCCNT REG(0xe0001004u)

#define SR_RXNE (1u << 5)
#define SR_TXE (1u << 7)
#define USART1_IRQ 37u
#define BAUD 115200u
/* Longer than any of these waits can take on a working chip: a byte at 115200 baud is 15,000 cycles. */
#define PATIENCE 1000000u

extern uint8_t link_stack_low[];

static int reached(volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
    for (uint32_t i = 0; i < PATIENCE; i++)
        if ((*reg & mask) == value)
            return 1;
    return 0;
}

#ifdef RF_VIRTUAL

static uint32_t start_clock(void)
{
    RCC_APB1ENR |= 1u; /* TIM2 */
    TIM2_CR1 = 1u;
    return 16000000u;
}

static uint64_t read_counter(void *context)
{
    (void)context;
    return TIM2_CNT;
}

#else

/* Returns the clock of APB2; stays on the internal 16 MHz when the PLL does not lock. */
static uint32_t start_clock(void)
{
    DEMCR |= 1u << 24; /* TRCENA */
    DWT_CYCCNT = 0;
    DWT_CTRL |= 1u;
    RCC_PLLCFGR = 16u | (336u << 6) | (0u << 16) | (7u << 24); /* 16 MHz / 16 * 336 / 2 = 168 MHz */
    RCC_CR |= 1u << 24;                                        /* PLLON */
    if (!reached(&RCC_CR, 1u << 25, 1u << 25))
        return 16000000u;
    FLASH_ACR = 5u | (7u << 8); /* five wait states at 168 MHz; prefetch, instruction and data cache */
    RCC_CFGR = (5u << 10) | (4u << 13); /* APB1 = 42 MHz, APB2 = 84 MHz */
    RCC_CFGR |= 2u;                     /* system clock from the PLL */
    return reached(&RCC_CFGR, 3u << 2, 2u << 2) ? 84000000u : 16000000u;
}

static uint64_t read_counter(void *context)
{
    (void)context;
    return DWT_CYCCNT;
}

#endif

static int read_byte(void *context)
{
    (void)context;
    while (!(USART1_SR & SR_RXNE))
        wait_for(USART1_IRQ);
    return (int)(USART1_DR & 0xffu); /* reading SR, then DR, also clears an overrun */
}

static void write_bytes(void *context, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++)
        if (reached(&USART1_SR, SR_TXE, SR_TXE))
            USART1_DR = bytes[i];
}

const rf_port *port_open(void)
{
    static rf_port port = {
        NULL, read_byte, write_bytes, read_counter, UINT32_MAX, RF_COUNTER_KIND, RF_COUNTER_TICKS, RF_COUNTER_UNITS, 0,
        link_stack_low, RF_STACK_BYTES, RF_BOARD,
    };
    const uint32_t apb2_hz = start_clock();
    if (RF_COUNTER_KIND == RF_COUNTER_CYCLES)
        port.clock_hz = apb2_hz == 84000000u ? 168000000u : 16000000u;
    RCC_AHB1ENR |= 1u;      /* GPIOA */
    RCC_APB2ENR |= 1u << 4; /* USART1 */
    GPIOA_AFRH = (GPIOA_AFRH & ~0xff0u) | 0x770u;
    GPIOA_PUPDR = (GPIOA_PUPDR & ~(3u << 20)) | (1u << 20); /* an open RX line idles high */
    GPIOA_MODER = (GPIOA_MODER & ~(0xfu << 18)) | (0xau << 18);
    USART1_BRR = (apb2_hz + BAUD / 2) / BAUD;
    USART1_CR1 = (1u << 13) | (1u << 5) | (1u << 3) | (1u << 2); /* UE, RXNEIE, TE, RE */
    wait_enable(USART1_IRQ);
    return &port;
}
