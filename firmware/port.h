/*
 * port.h: what main.c needs of a chip family or operating system. Each folder beside this file implements it once.
 *
 * The build defines RF_BOARD (string), RF_STACK_BYTES, RF_COUNTER_TICKS, RF_COUNTER_UNITS and RF_COUNTER_KIND from the
 * board's JSON file, and whatever that file lists under firmware.defines.
 */
#ifndef PORT_H
#define PORT_H

#include "rf_serve.h"

/* Makes clock, line and counter ready. Called once, first. */
const rf_port *port_open(void);

/* What the build generates for an image: its networks, and one arena that is as large as the largest needs. */
extern const rf_network *const image_networks[];
extern const uint32_t image_network_count;
extern uint8_t image_arena[];
extern const uint32_t image_arena_bytes;

/* Whole inputs of networks that take theirs row by row, in place of a sensor; NULL when there is none. */
extern uint8_t *const image_source;

#endif
