/** The C file that ties networks to the firmware: firmware/port.h declares what it defines. Pure. */
export interface ImageNetwork {
  readonly name: string;
  readonly arenaBytes: number;
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
`;
}
