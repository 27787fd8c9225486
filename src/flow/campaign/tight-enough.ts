/**
 * When a measurement has been repeated enough. The interval is that of the median by order statistics: it asks nothing of
 * the noise's distribution, and one run that something else on the machine disturbed does not move it.
 * Source: Hahn and Meeker, Statistical Intervals (1991), 5.2: distribution-free intervals for a percentile.
 */

/**
 * Half the width of the 95 % confidence interval of the median, relative to the median; infinite for fewer than six values
 * unless all of them are equal, when it is 0.
 */
export function relativeHalfWidth(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  if (count > 0 && sorted[0] === sorted[count - 1]) return 0;
  const rank = lowerRank(count);
  if (rank === null) return Number.POSITIVE_INFINITY;
  const median = sorted[Math.floor((count - 1) / 2)]!;
  return (sorted[count - 1 - rank]! - sorted[rank]!) / 2 / median;
}

/** The largest r such that the values of rank r and count - 1 - r (from 0) enclose the median with 95 %; null if none do. */
function lowerRank(count: number): number | null {
  // P(fewer than r + 1 of the values lie below the median) = sum of C(count, k) / 2^count for k = 0..r.
  let term = 0.5 ** count;
  let tail = term;
  let rank: number | null = null;
  for (let r = 0; tail <= 0.025 && r < count / 2; r++) {
    rank = r;
    term *= (count - r) / (r + 1);
    tail += term;
  }
  return rank;
}
