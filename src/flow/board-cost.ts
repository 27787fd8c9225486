/** What a board counted, as a Cost with its source. */
import type { CounterKind } from '../hw/board.js';
import type { Cost, CostSource } from './results.js';

/** `count` in what `counter` counts: instructions, cycles, or nanoseconds of wall clock. */
export function costOf(counter: CounterKind, count: number): Cost {
  if (counter === 'instructions') return { instructions: count };
  return counter === 'cycles' ? { cycles: count } : { us: count / 1000 };
}

/** Only an emulator counts instructions; cycles and wall clock are measured. */
export function sourceOf(counter: CounterKind): CostSource {
  return counter === 'instructions' ? 'emulated' : 'measured';
}
