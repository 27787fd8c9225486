/** How modem lines put a board into its bootloader and out again, as data. `reflow flash --entry NAME` picks one. */
import type { ControlLines, Port } from '../base/port.js';
import { type LineClock, sleep } from './line-clock.js';

export interface EntrySequence {
  readonly name: string;
  readonly wiring: string;
  /** Into the ROM bootloader. */
  readonly enter: readonly EntryStep[];
  /** Out of it, into the application. */
  readonly leave: readonly EntryStep[];
}

export interface EntryStep {
  readonly lines: ControlLines;
  readonly waitMs: number;
}

/** True asserts a line, which an adapter drives electrically low. */
export const entrySequences: readonly EntrySequence[] = [
  {
    name: 'adapter',
    wiring: 'DTR to NRST and RTS to BOOT0, both direct (a deasserted RTS is high: BOOT0 = 1)',
    enter: [
      { lines: { rts: false, dtr: true }, waitMs: 20 },
      { lines: { dtr: false }, waitMs: 20 },
    ],
    leave: [
      { lines: { rts: true, dtr: true }, waitMs: 20 },
      { lines: { dtr: false }, waitMs: 20 },
    ],
  },
  {
    name: 'adapter-inverted',
    wiring:
      'DTR to NRST direct, RTS to BOOT0 through an inverting transistor (an asserted RTS makes BOOT0 = 1)',
    enter: [
      { lines: { rts: true, dtr: true }, waitMs: 20 },
      { lines: { dtr: false }, waitMs: 20 },
    ],
    leave: [
      { lines: { rts: false, dtr: true }, waitMs: 20 },
      { lines: { dtr: false }, waitMs: 20 },
    ],
  },
  {
    name: 'adapter-swapped',
    wiring: 'RTS to NRST and DTR to BOOT0, both direct',
    enter: [
      { lines: { dtr: false, rts: true }, waitMs: 20 },
      { lines: { rts: false }, waitMs: 20 },
    ],
    leave: [
      { lines: { dtr: true, rts: true }, waitMs: 20 },
      { lines: { rts: false }, waitMs: 20 },
    ],
  },
];

/** Plays the steps. False as soon as the port says that it has no such lines (a pty). */
export async function playSteps(port: Port, steps: readonly EntryStep[], clock: LineClock): Promise<boolean> {
  for (const step of steps) {
    if (!(await port.setLines(step.lines))) return false;
    await sleep(clock, step.waitMs);
  }
  return true;
}
