/*
 * STM32U575/U585 without TrustZone (non-secure addresses). Source: ST RM0456 rev 5: memory map, 11.8 RCC, 13.4 GPIO,
 * 66.8 USART, vector table.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include "../stm32/uart.h"

#define RCC_BASE 0x46020c00u
#define RCC_CR (RCC_BASE + 0x00u)
#define RCC_AHB2ENR1 (RCC_BASE + 0x8cu)
#define RCC_AHB3ENR (RCC_BASE + 0x94u)
#define RCC_APB1ENR1 (RCC_BASE + 0x9cu)
#define RCC_APB2ENR (RCC_BASE + 0xa4u)

#define GPIO_BASE 0x42020000u
#define GPIO_ENABLE RCC_AHB2ENR1
#define TIM2_ENABLE RCC_APB1ENR1
#define UART_GENERATION 2

static const stm32_uart uart_USART1 = {0x40013800u, RCC_APB2ENR, 14, 61, BUS_APB2, 0};
static const stm32_uart uart_USART2 = {0x40004400u, RCC_APB1ENR1, 17, 62, BUS_APB1, 0};
static const stm32_uart uart_USART3 = {0x40004800u, RCC_APB1ENR1, 18, 63, BUS_APB1, 0};

#endif
