/*
 * The resident loader's program. After power-on it listens for half a second, then starts the application; it stays when an
 * application asks for it, when there is none, or when something was heard. The application starts from a reset, before any
 * clock is touched.
 */
#include "cortex-m/handover.h"
#include "port.h"
#include "rf_loader.h"
#include "stm32/flash.h"
#include "stm32/registers.h"
#include "stm32/uart.h"

#define SCB_ICSR REG(0xe000ed04u)
#define SCB_VTOR REG(0xe000ed08u)
#define TICKS_OF_LISTENING 50u /* of 10 ms */

static rf_loader loader;

static void jump(uint32_t base)
{
    const uint32_t stack = REG(base), entry = REG(base + 4);
    SCB_VTOR = base;
    __asm volatile("dsb\n\tisb\n\tmsr msp, %0\n\tbx %1" ::"r"(stack), "r"(entry) : "memory");
}

static void start_ticks(uint32_t core_hz)
{
    SYST_RVR = (core_hz ? core_hz : 16000000u) / 100 - 1;
    SYST_CVR = 0;
    SYST_CSR = 7u; /* core clock, wakes the core, on */
}

/* Takes bytes until the time is over or a request has been heard. */
static void listen(void)
{
    loader.listening = 1;
    for (uint32_t ticks = 0; ticks < TICKS_OF_LISTENING && !loader.heard;) {
        const int byte = stm32_poll();
        if (byte >= 0) {
            rf_loader_push(&loader, (uint8_t)byte);
        } else if (SYST_CSR & (1u << 16)) { /* a tick went by since the last look */
            SCB_ICSR = 1u << 25;            /* its exception, which is never taken, is pending no more */
            ticks++;
        } else {
            stm32_wait();
        }
    }
    SYST_CSR = 0;
    SCB_ICSR = 1u << 25;
    loader.listening = 0;
}

int main(void)
{
    const rf_loader_flash *flash = family_flash();
    const uint32_t wish = handover_take();
    rf_loader_init(&loader, flash, 0, 0, RF_BOARD);
    if (wish == HANDOVER_START && rf_loader_has_application(&loader))
        jump(flash->base);
    const rf_port *port = port_open();
    rf_loader_init(&loader, flash, port->write, port->context, RF_BOARD);
    loader.suspect = wish == HANDOVER_FAULT;
    if (wish != HANDOVER_STAY && wish != HANDOVER_FAULT) {
        start_ticks(port->clock_hz);
        listen();
        if (!loader.heard && rf_loader_has_application(&loader))
            stm32_leave(HANDOVER_START);
    }
    while (!loader.start)
        rf_loader_push(&loader, (uint8_t)port->read(port->context));
    stm32_leave(HANDOVER_START);
    return 0;
}
