/** Hostile inputs by the thousand: how they end, how long they take, and what must not be. */
import { ReflowError } from '../src/base/error.js';
import type { RunnableNetwork } from './host-runner.js';

/** The most of the processor's time that a case may take, in seconds. */
const mostSeconds = 2;

export interface HostileOutcome {
  /** Networks that compiled. */
  readonly compiled: RunnableNetwork[];
  /** How many ended in each code. */
  readonly codes: Map<string, number>;
  /** What must not be: other errors, and cases that took too long. */
  readonly faults: string[];
}

/** Runs cases 0 to count - 1, and notes how they end. */
export function runCases(count: number, run: (index: number) => RunnableNetwork): HostileOutcome {
  const outcome: HostileOutcome = { compiled: [], codes: new Map(), faults: [] };
  for (let index = 0; index < count; index++) {
    const start = process.cpuUsage();
    try {
      outcome.compiled.push(run(index));
    } catch (error) {
      const code = error instanceof ReflowError ? error.code : 'none';
      // These two say that reflow itself is at fault.
      if (code === 'none' || code === 'E_INTERNAL' || code === 'E_PLAN')
        outcome.faults.push(`case ${index}: ${error instanceof Error ? error.stack : error}`);
      outcome.codes.set(code, (outcome.codes.get(code) ?? 0) + 1);
    }
    const { user, system } = process.cpuUsage(start);
    if (user + system > mostSeconds * 1e6) outcome.faults.push(`case ${index}: ${(user + system) / 1e6} s`);
  }
  return outcome;
}

export const outcomeText = ({ compiled, codes }: HostileOutcome): string =>
  `${compiled.length} compiled, ${[...codes].map(([code, count]) => `${count} ${code}`).join(', ')}`;
