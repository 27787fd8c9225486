/*
 * port.h: what main.c needs of a chip family or operating system. Each folder beside this file implements it once.
 *
 * The build defines RF_BOARD (string), RF_STACK_BYTES, RF_COUNTER_TICKS, RF_COUNTER_UNITS and RF_COUNTER_KIND from the
 * board's JSON file, and whatever that file lists under firmware.defines. Where the file has them: RF_CLOCK_HZ; RF_UART (name),
 * RF_UART_TX and RF_UART_RX (16 * port + pin), RF_UART_AF, RF_UART_BAUD; RF_OSCILLATOR_HZ, _INTERNAL and _BYPASS; and for a board
 * with a resident loader RF_FLASH_BASE, RF_FLASH_BYTES and RF_LOADER_BYTES. RF_LOADER_BUILD: this is the loader itself.
 */
#ifndef PORT_H
#define PORT_H

#include "rf_serve.h"

/* Makes clock, line and counter ready. Called once, first. */
const rf_port *port_open(void);

/* To the resident loader, once everything has been sent; there is one where RF_LOADER_BYTES is defined. Does not return. */
void port_leave(void);

/* What the build generates for an image: its networks, and one arena that is as large as the largest needs. */
extern const rf_network *const image_networks[];
extern const uint32_t image_network_count;
extern uint8_t image_arena[];
extern const uint32_t image_arena_bytes;

/* Whole inputs of networks that take theirs row by row, in place of a sensor; NULL when there is none. */
extern uint8_t *const image_source;

#endif
