/*
 * STM32H743 and STM32H7A3. The H7A3 has its clock enables elsewhere than the H743. Source: ST RM0433 rev 8 and RM0455 rev 10:
 * memory map, RCC, GPIO, USART, vector table.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include "../stm32/uart.h"

#define RCC_BASE 0x58024400u
#define RCC_CR (RCC_BASE + 0x00u)
#if defined(RF_STM32H7A3)
#define RCC_AHB4ENR (RCC_BASE + 0x140u)
#define RCC_APB1LENR (RCC_BASE + 0x148u)
#define RCC_APB2ENR (RCC_BASE + 0x150u)
#define RCC_APB4ENR (RCC_BASE + 0x154u)
#else
#define RCC_AHB4ENR (RCC_BASE + 0xe0u)
#define RCC_APB1LENR (RCC_BASE + 0xe8u)
#define RCC_APB2ENR (RCC_BASE + 0xf0u)
#define RCC_APB4ENR (RCC_BASE + 0xf4u)
#endif

#define GPIO_BASE 0x58020000u
#define GPIO_ENABLE RCC_AHB4ENR
#define TIM2_ENABLE RCC_APB1LENR
#define UART_GENERATION 2

static const stm32_uart uart_USART1 = {0x40011000u, RCC_APB2ENR, 4, 37, BUS_APB2, 0};
static const stm32_uart uart_USART2 = {0x40004400u, RCC_APB1LENR, 17, 38, BUS_APB1, 0};
static const stm32_uart uart_USART3 = {0x40004800u, RCC_APB1LENR, 18, 39, BUS_APB1, 0};

#endif
