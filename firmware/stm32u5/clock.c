/*
 * STM32U575/U585 at 160 MHz from the 4 MHz MSIS through PLL1, in range 1 with the EPOD booster; four wait states, ICACHE.
 * Where that fails the system runs from the 16 MHz HSI: at 4 MHz the UART could not keep the line's baud rate.
 * Source: ST RM0456 rev 5: 7.3.3 flash latency, 8.6 ICACHE, 10.5.4 and 10.10 PWR, 11.4 and 11.8 RCC.
 */
#include "family.h"
#include "../stm32/registers.h"

#define RCC_CFGR1 REG(RCC_BASE + 0x1cu)
#define RCC_PLL1CFGR REG(RCC_BASE + 0x28u)
#define RCC_PLL1DIVR REG(RCC_BASE + 0x34u)
#define PWR_VOSR REG(0x4602080cu)
#define FLASH_ACR REG(0x40022000u)
#define ICACHE_CR REG(0x40030400u)
#define ICACHE_SR REG(0x40030404u)

#define MSIS_HZ 4000000u
#define HSI_HZ 16000000u

static void start_icache(void)
{
#if !defined(RF_LOADER_BUILD)
    if (reached(&ICACHE_SR, 1u, 0)) /* it is invalidating itself after reset */
        ICACHE_CR |= 1u;
#endif
}

static stm32_clocks fall_back(void)
{
    static const stm32_clocks at_hsi = {HSI_HZ, {HSI_HZ, HSI_HZ}, 1};
    static const stm32_clocks at_msis = {MSIS_HZ, {MSIS_HZ, MSIS_HZ}, 1};
    REG(RCC_CR) |= 1u << 8; /* HSION */
    if (!reached(&REG(RCC_CR), 1u << 10, 1u << 10))
        return at_msis;
    change(&RCC_CFGR1, 3u, 1u);
    return reached(&RCC_CFGR1, 3u << 2, 1u << 2) ? at_hsi : at_msis;
}

static int start_pll(void)
{
    REG(RCC_AHB3ENR) |= 1u << 2; /* PWR */
    (void)REG(RCC_AHB3ENR);
    PWR_VOSR |= 3u << 16; /* range 1 */
    if (!reached(&PWR_VOSR, 1u << 15, 1u << 15))
        return 0;
    /* Source MSIS, 4 to 8 MHz, M = 1, booster clock undivided, output R. */
    RCC_PLL1CFGR = 1u | (1u << 18);
    PWR_VOSR |= 1u << 18; /* BOOSTEN */
    if (!reached(&PWR_VOSR, 1u << 14, 1u << 14))
        return 0;
    /* N; P = Q = R = 2. */
    RCC_PLL1DIVR = (2 * RF_CLOCK_HZ / MSIS_HZ - 1) | (1u << 9) | (1u << 16) | (1u << 24);
    REG(RCC_CR) |= 1u << 24; /* PLL1ON */
    return reached(&REG(RCC_CR), 1u << 25, 1u << 25);
}

stm32_clocks family_start_clock(void)
{
    start_icache();
    if (!start_pll())
        return fall_back();
    change(&FLASH_ACR, 0xfu, 4u | (1u << 8)); /* four wait states, prefetch */
    if (!reached(&FLASH_ACR, 0xfu, 4u))
        return fall_back();
    change(&RCC_CFGR1, 3u, 3u); /* system clock from PLL1 */
    if (!reached(&RCC_CFGR1, 3u << 2, 3u << 2))
        return fall_back();
    return (stm32_clocks){RF_CLOCK_HZ, {RF_CLOCK_HZ, RF_CLOCK_HZ}, 1};
}
