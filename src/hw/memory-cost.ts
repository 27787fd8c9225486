/** What it costs the core to reach a memory. */
import type { Memory } from './board.js';

/** What is usual, in orders of magnitude, for a board that does not say. */
const usual: Readonly<Record<Memory['kind'], NonNullable<Memory['access']>>> = {
  ram: { latencyCycles: 0, bytesPerCycle: 4 },
  flash: { latencyCycles: 2, bytesPerCycle: 4 },
  'external-ram': { latencyCycles: 16, bytesPerCycle: 1 },
  'external-flash': { latencyCycles: 40, bytesPerCycle: 0.25 },
};

/** Bytes that one access brings: a word, or a line of the cache (32 bytes on Cortex-M7). */
const burstBytes = { word: 4, line: 32 };

/** Core cycles for each byte that is read in order: a model from the board's file, to choose between memories by. */
export function cyclesPerByte({ kind, access, cached }: Memory): number {
  const { latencyCycles, bytesPerCycle } = access ?? usual[kind];
  return latencyCycles / (cached ? burstBytes.line : burstBytes.word) + 1 / bytesPerCycle;
}
