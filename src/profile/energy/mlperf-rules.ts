/**
 * MLPerf Tiny's rules for a performance run as pure functions. Five inputs, one window each: W warm-up inferences, then N
 * inferences of one input back to back, timed by the device; latency = window / N; the result is the median of five.
 *
 * How long a window must be, the sources tell differently. Rules and accepted results (ST v1.1 H7A3 IC: 100 inferences in
 * 5.195 s): ten seconds OR ten inferences (`either`). EEMBC's runner prints `must take at least 10 seconds and 10
 * iterations` (`both`). MLCommons' runner wants exactly five inputs and ten seconds over all of them (`mlcommons`).
 */

import { median } from './median.js';
import type { LoggedInference } from './mlperf-log.js';

export type WindowRule = 'either' | 'both' | 'mlcommons';

export const mlperfWindowS = 10;
export const mlperfIterations = 10;
export const mlperfInputs = 5;

export interface PerformanceResult {
  /** Microseconds per inference; null where the window has no valid time. */
  readonly latenciesUs: readonly (number | null)[];
  /** Median over the valid windows; null when there is none. */
  readonly medianUs: number | null;
  readonly valid: boolean;
  /** Every rule that the run breaks. */
  readonly violations: readonly string[];
}

/** Applies the rules to the inferences of one run. */
export function judgePerformance(
  windows: readonly LoggedInference[],
  rule: WindowRule = 'either',
): PerformanceResult {
  const violations: string[] = [];
  if (windows.length !== mlperfInputs) violations.push(`${windows.length} windows, ${mlperfInputs} wanted`);
  const latenciesUs = windows.map((window) =>
    window.elapsedUs !== null && window.inferences > 0 ? window.elapsedUs / window.inferences : null,
  );
  windows.forEach((window, i) => {
    if (window.elapsedUs === null) violations.push(`window ${i + 1} has no valid pair of time stamps`);
    else if (rule !== 'mlcommons' && !longEnough(window.elapsedUs, window.inferences, rule)) {
      const seconds = (window.elapsedUs / 1e6).toFixed(3);
      violations.push(`window ${i + 1} is too short: ${seconds} s, ${window.inferences} inferences`);
    }
  });
  if (rule === 'mlcommons') {
    const totalUs = windows.reduce((sum, window) => sum + (window.elapsedUs ?? 0), 0);
    if (totalUs < mlperfWindowS * 1e6)
      violations.push(`all windows together take ${(totalUs / 1e6).toFixed(3)} s, 10 s wanted`);
  }
  const valid = latenciesUs.filter((latency) => latency !== null);
  return { latenciesUs, medianUs: median(valid), valid: violations.length === 0, violations };
}

function longEnough(elapsedUs: number, inferences: number, rule: 'either' | 'both'): boolean {
  const time = elapsedUs >= mlperfWindowS * 1e6;
  const count = inferences >= mlperfIterations;
  return rule === 'either' ? time || count : time && count;
}

/**
 * N for `infer N W` so that a window satisfies every reading of the rule: at least ten inferences and at least ten
 * seconds, with 2 % to spare for clocks that differ. Counts are at least ten even for networks slower than a second.
 * @param latencyUs measured latency of one inference, microseconds, above zero
 */
export function iterationsFor(latencyUs: number): number {
  if (!(latencyUs > 0)) return mlperfIterations;
  return Math.max(mlperfIterations, Math.min(1_000_000_000, Math.ceil((mlperfWindowS * 1.02e6) / latencyUs)));
}
