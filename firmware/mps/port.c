/*
 * Arm's MPS2 and MPS3 FPGA boards: CMSDK UART0, polled, and the counters of the FPGA's I/O block. One counts at
 * MPS_COUNTER_HZ (the family's family.h): under -icount shift=10 an instruction takes over 20 counts, so a rounded quotient is
 * exact. Its 32 bits are 168 million instructions or more; the one that counts at 100 Hz tells how often it has gone round.
 * Source: Arm DDI 0479 (CMSDK), 4.3 APB UART; Arm DAI 0500, 4.4 FPGA I/O.
 */
#include "../cortex-m/wait.h"
#include "../port.h"

#include "family.h"

#define REG(address) (*(volatile uint32_t *)(address))

#define UART0_DATA REG(MPS_UART0 + 0x00u)
#define UART0_STATE REG(MPS_UART0 + 0x04u)
#define UART0_CTRL REG(MPS_UART0 + 0x08u)
#define UART0_INTCLEAR REG(MPS_UART0 + 0x0cu)
#define UART0_BAUDDIV REG(MPS_UART0 + 0x10u)
#define FPGAIO_CLK100HZ REG(MPS_FPGAIO + 0x14u)
#define FPGAIO_COUNTER REG(MPS_FPGAIO + 0x18u)

#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define STATE_RX_OVERRUN 8u
#define PATIENCE 1000000u

extern uint8_t link_stack_low[];

static int read_byte(void *context)
{
    (void)context;
    while (!(UART0_STATE & STATE_RX_FULL))
        wait_for(MPS_UART0_RX_IRQ);
    if (UART0_STATE & STATE_RX_OVERRUN)
        UART0_STATE = STATE_RX_OVERRUN;
    const int byte = (int)(UART0_DATA & 0xffu);
    UART0_INTCLEAR = 2u; /* the receive interrupt stays up until it is cleared */
    return byte;
}

static void write_bytes(void *context, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t spins = 0; (UART0_STATE & STATE_TX_FULL) && spins < PATIENCE; spins++)
            ;
        UART0_DATA = bytes[i];
    }
}

static uint64_t read_counter(void *context)
{
    (void)context;
    const uint64_t coarse = (uint64_t)FPGAIO_CLK100HZ * (MPS_COUNTER_HZ / 100u);
    const uint32_t fine = FPGAIO_COUNTER;
    /* The difference is small and keeps its sign: at most a hundredth of a second and where the two began. */
    return coarse + (uint64_t)(int64_t)(int32_t)(fine - (uint32_t)coarse);
}

const rf_port *port_open(void)
{
    static const rf_port port = {
        NULL, read_byte, write_bytes, read_counter, UINT64_MAX, RF_COUNTER_KIND, RF_COUNTER_TICKS, RF_COUNTER_UNITS, 0,
        link_stack_low, RF_STACK_BYTES, RF_BOARD,
    };
    UART0_BAUDDIV = MPS_UART_HZ / 115200u;
    UART0_CTRL = 1u | 2u | 8u; /* transmitter, receiver, receive interrupt */
    wait_enable(MPS_UART0_RX_IRQ);
    return &port;
}
