/*
 * Arm MPS2+ with AN505 (Cortex-M33 in an IoT kit), in Secure state, which it starts in: the Secure aliases. Its counter runs
 * at 20 MHz: under -icount shift=10 an instruction takes 1024 ns, so 20.48 counts.
 * Source: Arm DAI 0505, memory map, interrupts and FPGA I/O; QEMU 7.2, hw/arm/mps2-tz.c.
 */
#ifndef FAMILY_H
#define FAMILY_H

#define MPS_UART0 0x50200000u
#define MPS_UART0_RX_IRQ 32u
#define MPS_UART_HZ 20000000u
#define MPS_FPGAIO 0x50302000u
#define MPS_COUNTER_HZ 20000000u

#endif
