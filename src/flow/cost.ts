/** Reading a Cost, whatever its unit. */
import type { Cost } from './results.js';

export type CostUnit = 'instructions' | 'cycles' | 'us';

/** The unit that a cost is in. */
export function costUnit(cost: Cost): CostUnit {
  if ('instructions' in cost) return 'instructions';
  return 'cycles' in cost ? 'cycles' : 'us';
}

/** The number, in `costUnit(cost)`. */
export function costValue(cost: Cost): number {
  if ('instructions' in cost) return cost.instructions;
  return 'cycles' in cost ? cost.cycles : cost.us;
}
