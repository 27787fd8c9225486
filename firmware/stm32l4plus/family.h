/* STM32L4R5. Source: ST RM0432 rev 9: memory map, 6.4 RCC, 8.4 GPIO, 49.7 USART, 50.7 LPUART, vector table. */
#ifndef FAMILY_H
#define FAMILY_H

#include "../stm32/uart.h"

#define RCC_BASE 0x40021000u
#define RCC_CR (RCC_BASE + 0x00u)
#define RCC_AHB2ENR (RCC_BASE + 0x4cu)
#define RCC_APB1ENR1 (RCC_BASE + 0x58u)
#define RCC_APB1ENR2 (RCC_BASE + 0x5cu)
#define RCC_APB2ENR (RCC_BASE + 0x60u)

#define GPIO_BASE 0x48000000u
#define GPIO_ENABLE RCC_AHB2ENR
#define TIM2_ENABLE RCC_APB1ENR1
#define UART_GENERATION 2

static const stm32_uart uart_USART1 = {0x40013800u, RCC_APB2ENR, 14, 37, BUS_APB2, 0};
static const stm32_uart uart_USART2 = {0x40004400u, RCC_APB1ENR1, 17, 38, BUS_APB1, 0};
static const stm32_uart uart_USART3 = {0x40004800u, RCC_APB1ENR1, 18, 39, BUS_APB1, 0};
static const stm32_uart uart_LPUART1 = {0x40008000u, RCC_APB1ENR2, 0, 70, BUS_APB1, 1};

#endif
