/*
 * STM32F746 at 216 MHz with over-drive, from HSE or HSI through the PLL; seven wait states at 2.7 to 3.6 V. The program runs
 * from flash on the AXI bus, so the L1 caches matter and the ART, which serves the ITCM alias, is on for whoever uses that.
 * Source: ST RM0385 rev 8: 3.3 flash, 4.4 power, 5.3 RCC.
 */
#include "../cortex-m/caches.h"
#include "family.h"
#include "../stm32/registers.h"

#define RCC_PLLCFGR REG(RCC_BASE + 0x04u)
#define RCC_CFGR REG(RCC_BASE + 0x08u)
#define PWR_CR1 REG(0x40007000u)
#define PWR_CSR1 REG(0x40007004u)
#define FLASH_ACR REG(0x40023c00u)

#define HSI_HZ 16000000u
#define PLL_INPUT_HZ 1000000u

static int start_source(void)
{
    if (RF_OSCILLATOR_INTERNAL)
        return 1;
    change(&REG(RCC_CR), 0, RF_OSCILLATOR_BYPASS ? 1u << 18 : 0);
    change(&REG(RCC_CR), 0, 1u << 16); /* HSEON */
    return reached(&REG(RCC_CR), 1u << 17, 1u << 17);
}

static int start_pll(void)
{
    const uint32_t source_hz = RF_OSCILLATOR_INTERNAL ? HSI_HZ : RF_OSCILLATOR_HZ;
    if (!start_source())
        return 0;
    RCC_PLLCFGR = source_hz / PLL_INPUT_HZ                     /* M */
                  | ((2 * RF_CLOCK_HZ / PLL_INPUT_HZ) << 6)    /* N; P = 2 */
                  | ((RF_OSCILLATOR_INTERNAL ? 0u : 1u) << 22) /* source */
                  | (9u << 24);                                /* Q, not used */
    REG(RCC_CR) |= 1u << 24;                                   /* PLLON */
    PWR_CR1 |= 1u << 16;                                       /* ODEN */
    if (!reached(&PWR_CSR1, 1u << 16, 1u << 16))
        return 0;
    PWR_CR1 |= 1u << 17; /* ODSWEN */
    if (!reached(&PWR_CSR1, 1u << 17, 1u << 17))
        return 0;
    return reached(&REG(RCC_CR), 1u << 25, 1u << 25);
}

stm32_clocks family_start_clock(void)
{
    static const stm32_clocks reset_clocks = {HSI_HZ, {HSI_HZ, HSI_HZ}, 1};
    start_caches();
    REG(RCC_APB1ENR) |= 1u << 28; /* PWR */
    (void)REG(RCC_APB1ENR);
    PWR_CR1 |= 3u << 14; /* voltage scale 1 */
    if (!start_pll())
        return reset_clocks;
    FLASH_ACR = 7u | (1u << 8) | (1u << 9); /* seven wait states, prefetch, ART */
    if (!reached(&FLASH_ACR, 0xfu, 7u))
        return reset_clocks;
    RCC_CFGR = (5u << 10) | (4u << 13); /* APB1 a quarter, APB2 half */
    RCC_CFGR |= 2u;                     /* system clock from the PLL */
    if (!reached(&RCC_CFGR, 3u << 2, 2u << 2)) {
        RCC_CFGR = 0;
        return reset_clocks;
    }
    return (stm32_clocks){RF_CLOCK_HZ, {RF_CLOCK_HZ / 4, RF_CLOCK_HZ / 2}, 2};
}
