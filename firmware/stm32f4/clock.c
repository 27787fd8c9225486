/*
 * STM32F405 at 168 MHz and STM32F446 at 180 MHz (with over-drive), from HSE or HSI through the PLL. Five wait states at 2.7
 * to 3.6 V. Source: ST RM0090: 3.5 flash latency, 5.4 power, 7.3 RCC; RM0390: 3.4, 5.4, 6.3.
 */
#include "family.h"
#include "../stm32/registers.h"

#define RCC_PLLCFGR REG(RCC_BASE + 0x04u)
#define RCC_CFGR REG(RCC_BASE + 0x08u)
#define PWR_CR REG(0x40007000u)
#define PWR_CSR REG(0x40007004u)
#define FLASH_ACR REG(0x40023c00u)

#define HSI_HZ 16000000u
#define PLL_INPUT_HZ 1000000u
#define ACR_CACHES ((1u << 9) | (1u << 10))
#define ACR_CACHE_RESETS ((1u << 11) | (1u << 12))

#if defined(RF_STM32F446)
#define NEEDS_OVER_DRIVE 1
#else
#define NEEDS_OVER_DRIVE 0
#endif

static stm32_clocks at(uint32_t core_hz, uint32_t apb1_hz, uint32_t apb2_hz, uint32_t timer_cycles)
{
    return (stm32_clocks){core_hz, {apb1_hz, apb2_hz}, timer_cycles};
}

#if !defined(RF_VIRTUAL)

/* The PLL's input is HSE where the board has one; 1 when it runs. */
static int start_source(void)
{
    if (RF_OSCILLATOR_INTERNAL)
        return 1;
    change(&REG(RCC_CR), 0, RF_OSCILLATOR_BYPASS ? 1u << 18 : 0);
    change(&REG(RCC_CR), 0, 1u << 16); /* HSEON */
    return reached(&REG(RCC_CR), 1u << 17, 1u << 17);
}

static int start_over_drive(void)
{
    if (!NEEDS_OVER_DRIVE)
        return 1;
    PWR_CR |= 1u << 16; /* ODEN */
    if (!reached(&PWR_CSR, 1u << 16, 1u << 16))
        return 0;
    PWR_CR |= 1u << 17; /* ODSWEN */
    return reached(&PWR_CSR, 1u << 17, 1u << 17);
}

static int start_pll(void)
{
    const uint32_t source_hz = RF_OSCILLATOR_INTERNAL ? HSI_HZ : RF_OSCILLATOR_HZ;
    if (!start_source())
        return 0;
    RCC_PLLCFGR = source_hz / PLL_INPUT_HZ                        /* M */
                  | ((2 * RF_CLOCK_HZ / PLL_INPUT_HZ) << 6)       /* N; P = 2 */
                  | ((RF_OSCILLATOR_INTERNAL ? 0u : 1u) << 22)    /* source */
                  | (8u << 24)                                    /* Q, not used */
                  | (NEEDS_OVER_DRIVE ? 2u << 28 : 0);            /* R of the F446, not used */
    REG(RCC_CR) |= 1u << 24; /* PLLON */
    if (!start_over_drive())
        return 0;
    return reached(&REG(RCC_CR), 1u << 25, 1u << 25);
}

#endif

stm32_clocks family_start_clock(void)
{
#if defined(RF_VIRTUAL)
    return at(HSI_HZ, HSI_HZ, HSI_HZ, 1);
#else
    REG(RCC_APB1ENR) |= 1u << 28; /* PWR */
    (void)REG(RCC_APB1ENR);
    PWR_CR |= NEEDS_OVER_DRIVE ? 3u << 14 : 1u << 14; /* voltage scale 1 */
    if (!start_pll())
        return at(HSI_HZ, HSI_HZ, HSI_HZ, 1);
    FLASH_ACR = 5u | (1u << 8);
    if (!reached(&FLASH_ACR, 0xfu, 5u))
        return at(HSI_HZ, HSI_HZ, HSI_HZ, 1);
#if !defined(RF_LOADER_BUILD)
    FLASH_ACR |= ACR_CACHE_RESETS;
    FLASH_ACR &= ~ACR_CACHE_RESETS;
    FLASH_ACR |= ACR_CACHES;
#endif
    RCC_CFGR = (5u << 10) | (4u << 13); /* APB1 a quarter, APB2 half */
    RCC_CFGR |= 2u;                     /* system clock from the PLL */
    if (!reached(&RCC_CFGR, 3u << 2, 2u << 2)) {
        RCC_CFGR = 0;
        return at(HSI_HZ, HSI_HZ, HSI_HZ, 1);
    }
    return at(RF_CLOCK_HZ, RF_CLOCK_HZ / 4, RF_CLOCK_HZ / 2, 2); /* timers of APB1 run at twice its clock */
#endif
}
