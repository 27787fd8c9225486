/*
 * STM32H743 (revision V) at 480 MHz, its buses at 240, peripherals at 120; STM32H7A3 at 280 MHz, peripherals at 140. Both from HSE
 * or HSI through PLL1 at voltage scale 0. The supply can be chosen once after power-on and must match the board's wiring:
 * LDO on the NUCLEO-H743ZI2, direct SMPS on the NUCLEO-H7A3ZI-Q.
 * Source: ST RM0433 rev 8: 4.3.8 flash latency, 6.8 PWR, 8.7 RCC, 12.3 SYSCFG; RM0455 rev 10: 4.3.8, 6.8, 8.7.
 */
#include "../cortex-m/caches.h"
#include "family.h"
#include "../stm32/registers.h"

#define RCC_CFGR REG(RCC_BASE + 0x10u)
#define RCC_D1CFGR REG(RCC_BASE + 0x18u) /* CDCFGR1 of the H7A3 */
#define RCC_D2CFGR REG(RCC_BASE + 0x1cu)
#define RCC_D3CFGR REG(RCC_BASE + 0x20u)
#define RCC_PLLCKSELR REG(RCC_BASE + 0x28u)
#define RCC_PLLCFGR REG(RCC_BASE + 0x2cu)
#define RCC_PLL1DIVR REG(RCC_BASE + 0x30u)
#define PWR_CSR1 REG(0x58024804u)
#define PWR_CR3 REG(0x5802480cu)
#define PWR_D3CR REG(0x58024818u) /* SRDCR of the H7A3 */
#define SYSCFG_PWRCR REG(0x5800042cu)
#define FLASH_ACR REG(0x52002000u)

#define HSI_HZ 64000000u
#define PLL_INPUT_HZ 2000000u
#define VOS_READY (1u << 13)

#if defined(RF_STM32H7A3)
/* AHB at the core's clock, so one division by two for each APB. */
#define BUS_DIVIDER 1u
#define AHB_PRESCALER 0u
#define SUPPLY 4u    /* SDEN: step-down converter alone */
#define LATENCY 0x37u /* WRHIGHFREQ 3, seven wait states, as measured builds of others use; RM0455 asks for six */
#else
#define BUS_DIVIDER 2u
#define AHB_PRESCALER 8u
#define SUPPLY 2u     /* LDOEN */
#define LATENCY 0x24u /* WRHIGHFREQ 2, four wait states: 240 MHz at scale 0 */
#endif

static int start_power(void)
{
    /* The low byte is writable once per power cycle: later writes, as after a reset, are ignored. */
    change(&PWR_CR3, 7u, SUPPLY);
    if (!reached(&PWR_CSR1, VOS_READY, VOS_READY))
        return 0;
    PWR_D3CR |= 3u << 14; /* scale 1 of the H743, scale 0 of the H7A3 */
    if (!reached(&PWR_D3CR, VOS_READY, VOS_READY))
        return 0;
#if !defined(RF_STM32H7A3)
    REG(RCC_APB4ENR) |= 1u << 1; /* SYSCFG */
    (void)REG(RCC_APB4ENR);
    SYSCFG_PWRCR |= 1u; /* over-drive: scale 0 */
    if (!reached(&PWR_D3CR, VOS_READY, VOS_READY))
        return 0;
#endif
    return 1;
}

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
    change(&RCC_PLLCKSELR, 3u | (0x3fu << 4), (RF_OSCILLATOR_INTERNAL ? 0u : 2u) | ((source_hz / PLL_INPUT_HZ) << 4));
    /* Input 2 to 4 MHz, wide VCO, output P alone. */
    change(&RCC_PLLCFGR, 0xfu | (7u << 16), (1u << 2) | (1u << 16));
    /* N, P = 2; Q and R stay at 2. */
    RCC_PLL1DIVR = (2 * RF_CLOCK_HZ / PLL_INPUT_HZ - 1) | (1u << 9) | (1u << 16) | (1u << 24);
    REG(RCC_CR) |= 1u << 24; /* PLL1ON */
    return reached(&REG(RCC_CR), 1u << 25, 1u << 25);
}

stm32_clocks family_start_clock(void)
{
    static const stm32_clocks reset_clocks = {HSI_HZ, {HSI_HZ, HSI_HZ}, 1};
    start_caches();
    if (!start_power() || !start_pll())
        return reset_clocks;
    FLASH_ACR = LATENCY;
    if (!reached(&FLASH_ACR, 0xfu, LATENCY & 0xfu))
        return reset_clocks;
    RCC_D1CFGR = AHB_PRESCALER | (4u << 4); /* APB3 half of AHB */
    RCC_D2CFGR = (4u << 4) | (4u << 8);     /* APB1, APB2 half of AHB */
    RCC_D3CFGR = 4u << 4;                   /* APB4 half of AHB */
    change(&RCC_CFGR, 7u, 3u);              /* system clock from PLL1 */
    if (!reached(&RCC_CFGR, 7u << 3, 3u << 3)) {
        change(&RCC_CFGR, 7u, 0);
        RCC_D1CFGR = RCC_D2CFGR = RCC_D3CFGR = 0;
        return reset_clocks;
    }
    const uint32_t apb_hz = RF_CLOCK_HZ / BUS_DIVIDER / 2;
    /* A timer runs at twice the clock of an APB that is divided by two. */
    return (stm32_clocks){RF_CLOCK_HZ, {apb_hz, apb_hz}, BUS_DIVIDER};
}
