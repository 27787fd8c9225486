/*
 * STM32F405/F446. Source: ST RM0090 rev 19 and RM0390 rev 6: memory map, 7.3/6.3 RCC, 8.4 GPIO, 30.6 USART, vector table.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include "../stm32/uart.h"

#define RCC_BASE 0x40023800u
#define RCC_CR (RCC_BASE + 0x00u)
#define RCC_AHB1ENR (RCC_BASE + 0x30u)
#define RCC_APB1ENR (RCC_BASE + 0x40u)
#define RCC_APB2ENR (RCC_BASE + 0x44u)

#define GPIO_BASE 0x40020000u
#define GPIO_ENABLE RCC_AHB1ENR
#define TIM2_ENABLE RCC_APB1ENR
#define UART_GENERATION 1

static const stm32_uart uart_USART1 = {0x40011000u, RCC_APB2ENR, 4, 37, BUS_APB2, 0};
static const stm32_uart uart_USART2 = {0x40004400u, RCC_APB1ENR, 17, 38, BUS_APB1, 0};
static const stm32_uart uart_USART3 = {0x40004800u, RCC_APB1ENR, 18, 39, BUS_APB1, 0};
static const stm32_uart uart_USART6 = {0x40011400u, RCC_APB2ENR, 5, 71, BUS_APB2, 0};

#endif
