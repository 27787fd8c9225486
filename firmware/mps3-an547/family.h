/*
 * Arm MPS3 with AN547 (Cortex-M55 in an SSE-300), in Secure state, which it starts in: the Secure aliases. Its counter runs
 * at 20 MHz in QEMU: under -icount shift=10 an instruction takes 1024 ns, so 20.48 counts.
 * Source: Arm DAI 0547, memory map, interrupts and FPGA I/O; QEMU 7.2, hw/arm/mps2-tz.c.
 */
#ifndef FAMILY_H
#define FAMILY_H

#define MPS_UART0 0x59303000u
#define MPS_UART0_RX_IRQ 33u
#define MPS_UART_HZ 25000000u
#define MPS_FPGAIO 0x59302000u
#define MPS_COUNTER_HZ 20000000u

#endif
