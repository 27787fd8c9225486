/*
 * Arm MPS2 with AN500 (Cortex-M7). Its counter runs at 25 MHz: under -icount shift=10 an instruction takes 1024 ns, so 25.6
 * counts. Source: Arm DAI 0500, 3.2 memory map and interrupts, 4.4 FPGA I/O.
 */
#ifndef FAMILY_H
#define FAMILY_H

#define MPS_UART0 0x40004000u
#define MPS_UART0_RX_IRQ 0u
#define MPS_UART_HZ 25000000u
#define MPS_FPGAIO 0x40028000u
#define MPS_COUNTER_HZ 25000000u

#endif
