/*
 * STM32L4R5 at 120 MHz from the 4 MHz MSI through the PLL, in range 1 with boost; five wait states, both halves of the flash
 * accelerator. Above 80 MHz the AHB clock has to pass through half its speed for a microsecond.
 * Source: ST RM0432 rev 9: 3.3 flash, 5.4 power, 6.2.9 and 6.4 RCC.
 */
#include "family.h"
#include "../stm32/registers.h"

#define RCC_CFGR REG(RCC_BASE + 0x08u)
#define RCC_PLLCFGR REG(RCC_BASE + 0x0cu)
#define PWR_CR1 REG(0x40007000u)
#define PWR_CR2 REG(0x40007004u)
#define PWR_SR2 REG(0x40007014u)
#define PWR_CR5 REG(0x40007080u)
#define FLASH_ACR REG(0x40022000u)

#define MSI_HZ 4000000u
#define ACR_CACHES ((1u << 9) | (1u << 10))
#define ACR_CACHE_RESETS ((1u << 11) | (1u << 12))

static int start_power(void)
{
    REG(RCC_APB1ENR1) |= 1u << 28; /* PWR */
    (void)REG(RCC_APB1ENR1);
    PWR_CR2 |= 1u << 9; /* IOSV: pins PG2 to PG15, among them the LPUART's, have a supply of their own */
    change(&PWR_CR1, 3u << 9, 1u << 9); /* range 1 */
    if (!reached(&PWR_SR2, 1u << 10, 0))
        return 0;
    PWR_CR5 &= ~(1u << 8); /* R1MODE = 0: boost */
    return 1;
}

static int start_pll(void)
{
    if (!reached(&REG(RCC_CR), 2u, 2u)) /* MSIRDY */
        return 0;
    /* Source MSI, M = 1, R = 2 and on. */
    RCC_PLLCFGR = 1u | ((2 * RF_CLOCK_HZ / MSI_HZ) << 8) | (1u << 24);
    REG(RCC_CR) |= 1u << 24; /* PLLON */
    return reached(&REG(RCC_CR), 1u << 25, 1u << 25);
}

stm32_clocks family_start_clock(void)
{
    static const stm32_clocks reset_clocks = {MSI_HZ, {MSI_HZ, MSI_HZ}, 1};
    if (!start_power() || !start_pll())
        return reset_clocks;
    change(&FLASH_ACR, 0xfu, 5u | (1u << 8)); /* five wait states, prefetch */
    if (!reached(&FLASH_ACR, 0xfu, 5u))
        return reset_clocks;
#if defined(RF_LOADER_BUILD)
    FLASH_ACR &= ~ACR_CACHES; /* on after reset */
#else
    FLASH_ACR &= ~ACR_CACHES;
    FLASH_ACR |= ACR_CACHE_RESETS;
    FLASH_ACR &= ~ACR_CACHE_RESETS;
    FLASH_ACR |= ACR_CACHES;
#endif
    change(&RCC_CFGR, 0xfu << 4, 8u << 4); /* AHB half */
    change(&RCC_CFGR, 3u, 3u);             /* system clock from the PLL */
    if (!reached(&RCC_CFGR, 3u << 2, 3u << 2)) {
        change(&RCC_CFGR, 3u | (0xfu << 4), 0);
        return reset_clocks;
    }
    for (volatile uint32_t i = 0; i < 100; i++) /* more than a microsecond */
        ;
    RCC_CFGR &= ~(0xfu << 4);
    return (stm32_clocks){RF_CLOCK_HZ, {RF_CLOCK_HZ, RF_CLOCK_HZ}, 1};
}
