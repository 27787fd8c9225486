/*
 * Start-up of a Cortex-M, and its vector table. The firmware takes no interrupts: it polls, and sleeps with
 * PRIMASK set (see wait.h), so the table ends after the system exceptions.
 * Source: Arm DDI 0403 (ARMv7-M Architecture Reference Manual), B1.5 exceptions, B3.2 system control.
 */
#include "handover.h"

#include <stdint.h>

/* From the linker script. */
extern uint32_t link_stack_top[], link_data_load[], link_data[], link_data_end[], link_bss[], link_bss_end[];
/* Triples of where weights lie in flash, where in RAM they are read, and how many bytes they are. */
extern const uint32_t link_copies[], link_copies_end[];

int main(void);
void start(void);

#define SCB_VTOR (*(volatile uint32_t *)0xe000ed08u)
#define SCB_AIRCR (*(volatile uint32_t *)0xe000ed0cu)
#define SCB_CPACR (*(volatile uint32_t *)0xe000ed88u)

/*
 * A fault starts the board anew: the host sees a request without an answer, then a board with no network open. In the loader it
 * may come from reading a flash word that a power cut left half programmed: then that must not be read again.
 */
static void fault(void)
{
#if defined(RF_LOADER_BUILD)
    handover_leave(HANDOVER_FAULT);
#endif
    SCB_AIRCR = 0x05fa0004u; /* key, SYSRESETREQ */
    for (;;)
        __asm volatile("dsb");
}

struct vectors {
    uint32_t *stack_top;
    void (*handlers[15])(void);
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    link_stack_top,
    {start, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault},
};

void start(void)
{
#if defined(__ARM_FP)
    SCB_CPACR |= 0xfu << 20; /* full access to the FPU, before any code that may use it */
#endif
    __asm volatile("cpsid i\n\tdsb\n\tisb" ::: "memory");
    SCB_VTOR = (uint32_t)&vectors;
    const uint32_t *from = link_data_load;
    for (uint32_t *to = link_data; to < link_data_end; to++)
        *to = *from++;
    for (volatile uint32_t *to = link_bss; to < link_bss_end; to++)
        *to = 0;
    for (const uint32_t *copy = link_copies; copy < link_copies_end; copy += 3) {
        const uint32_t *flashed = (const uint32_t *)copy[0];
        uint32_t *to = (uint32_t *)copy[1];
        for (uint32_t words = copy[2] / 4; words > 0; words--)
            *to++ = *flashed++;
    }
    main();
    fault();
}
