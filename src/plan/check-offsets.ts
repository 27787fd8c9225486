/**
 * The checker of layouts. It knows nothing of how they are found and compares every buffer with every other one,
 * O(n^2) on purpose: what is too simple to be wrong may judge what is not.
 */
import type { AllocationProblem } from './allocation.js';

/** One broken rule; `message` names the buffers and the bytes. */
export interface OffsetViolation {
  readonly kind: 'count' | 'offset' | 'alignment' | 'fixed' | 'height' | 'overlap';
  readonly buffers: readonly number[];
  readonly message: string;
}

/**
 * Every violation of a layout, none when it is valid.
 * @param offsets bytes, one per buffer
 * @param height end of the highest buffer as the solver claims it, bytes
 */
export function checkOffsets(
  problem: AllocationProblem,
  offsets: readonly number[],
  height: number,
): OffsetViolation[] {
  const { buffers } = problem;
  if (offsets.length !== buffers.length) {
    const message = `${offsets.length} offsets for ${buffers.length} buffers`;
    return [{ kind: 'count', buffers: [], message }];
  }
  const found: OffsetViolation[] = [];
  const report = (kind: OffsetViolation['kind'], at: number[], message: string) =>
    found.push({ kind, buffers: at, message });
  let highest = 0;
  buffers.forEach((buffer, i) => {
    const offset = offsets[i]!;
    const { alignment = 1 } = buffer;
    if (!Number.isSafeInteger(offset) || offset < 0) report('offset', [i], `buffer ${i} lies at ${offset}`);
    else if (offset % alignment !== 0) {
      report('alignment', [i], `buffer ${i} lies at ${offset}, not a multiple of ${alignment}`);
    }
    if (buffer.fixedOffset !== undefined && buffer.fixedOffset !== offset) {
      report('fixed', [i], `buffer ${i} lies at ${offset} instead of ${buffer.fixedOffset}`);
    }
    highest = Math.max(highest, offset + buffer.size);
  });
  if (highest !== height) report('height', [], `the highest buffer ends at ${highest}, not at ${height}`);
  for (let i = 0; i < buffers.length; i++) {
    for (let j = i + 1; j < buffers.length; j++) {
      const a = buffers[i]!;
      const b = buffers[j]!;
      const together = a.lower < b.upper && b.lower < a.upper;
      const apart = offsets[i]! + a.size <= offsets[j]! || offsets[j]! + b.size <= offsets[i]!;
      if (together && !apart && !allowed(problem, offsets, i, j)) {
        const from = Math.max(offsets[i]!, offsets[j]!);
        const to = Math.min(offsets[i]! + a.size, offsets[j]! + b.size);
        report('overlap', [i, j], `buffers ${i} and ${j} overlap in bytes ${from} to ${to - 1}`);
      }
    }
  }
  return found;
}

/** Does some pair relation allow the overlap of i and j? */
function allowed(problem: AllocationProblem, offsets: readonly number[], i: number, j: number): boolean {
  return (problem.pairs ?? []).some(
    ({ above, below, delta }) =>
      ((above === i && below === j) || (above === j && below === i)) &&
      offsets[below]! <= offsets[above]! - delta,
  );
}
