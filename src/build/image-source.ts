/** The C file that ties networks to the firmware: firmware/port.h declares what it defines. Pure. */
export interface ImageNetwork {
  readonly name: string;
  readonly arenaBytes: number;
  /** Size of an input that arrives row by row; 0 when all inputs are resident. */
  readonly streamedInputBytes: number;
}

/** One arena serves all networks, one at a time. */
export function imageArenaBytes(networks: readonly ImageNetwork[]): number {
  // A section of no bytes would be dropped, and with it the proof that the arena is where the plan says.
  return Math.max(16, ...networks.map(({ arenaBytes }) => arenaBytes));
}

export function imageSource(networks: readonly ImageNetwork[]): string {
  return `#include "port.h"

${networks.map(({ name }) => `extern const rf_network ${name}_network;`).join('\n')}

const rf_network *const image_networks[] = {${networks.map(({ name }) => `&${name}_network`).join(', ')}};
const uint32_t image_network_count = ${networks.length};

RF_ALIGNED(RF_ARENA_ALIGNMENT) __attribute__((section(".arena"))) uint8_t image_arena[${imageArenaBytes(networks)}];
const uint32_t image_arena_bytes = sizeof image_arena;

${sourceText(Math.max(0, ...networks.map(({ streamedInputBytes }) => streamedInputBytes)))}
`;
}

/** In place of a sensor: the whole input, from which the firmware feeds rows. */
function sourceText(bytes: number): string {
  if (bytes === 0) return 'uint8_t *const image_source = NULL;';
  return `static RF_ALIGNED(4) uint8_t source[${bytes}];\nuint8_t *const image_source = source;`;
}
