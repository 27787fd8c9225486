/**
 * Lifetimes as ranges of sections. A section is a maximal set of buffers that are alive together; two buffers conflict
 * exactly when they share one, and each buffer covers a contiguous range.
 */
import type { AllocationBuffer } from './allocation.js';

export interface Sections {
  readonly count: number;
  /** First section of each buffer, and one past its last. */
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly members: readonly (readonly number[])[];
  readonly size: readonly number[];
  readonly align: readonly number[];
  /** Sizes up to the greatest common divisor of all alignments: what the next buffer above sees. */
  readonly rounded: readonly number[];
  /** Bytes that each section needs whatever the layout: all rounded sizes less the largest rounding. */
  readonly load: readonly number[];
}

export function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** @param buffers valid ones (`validateAllocation`) */
export function sectionsOf(buffers: readonly AllocationBuffer[]): Sections {
  // At equal times deaths come before births: lifetimes are half open.
  const events = buffers.flatMap((b) => [
    { time: b.lower, birth: 1 },
    { time: b.upper, birth: 0 },
  ]);
  events.sort((a, b) => a.time - b.time || a.birth - b.birth);
  const times = events.filter((e, i) => e.birth === 1 && events[i + 1]?.birth !== 1).map((e) => e.time);
  const sectionFrom = (time: number) => {
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const first = buffers.map((b) => sectionFrom(b.lower));
  const last = buffers.map((b) => sectionFrom(b.upper));
  const members: number[][] = times.map(() => []);
  for (let b = 0; b < buffers.length; b++) {
    for (let s = first[b]!; s < last[b]!; s++) members[s]!.push(b);
  }
  const size = buffers.map((b) => b.size);
  const align = buffers.map((b) => b.alignment ?? 1);
  const common = align.reduce(gcd, 0) || 1;
  const rounded = size.map((s) => roundUp(s, common));
  const load = members.map((list) => {
    const total = list.reduce((sum, b) => sum + rounded[b]!, 0);
    return total - list.reduce((most, b) => Math.max(most, rounded[b]! - size[b]!), 0);
  });
  return { count: times.length, first, last, members, size, align, rounded, load };
}
