/**
 * Layouts by first fit, with all that a problem may state: alignments, fixed offsets and pair relations. Each buffer
 * goes to the lowest place that the buffers placed before it leave.
 */
import type { AllocationProblem } from './allocation.js';
import { roundUp } from './sections.js';

interface Conflict {
  readonly other: number;
  /** Least distance when `other` lies below, and when it lies above. */
  readonly gapBelow: number;
  readonly gapAbove: number;
}

export class FirstFit {
  /** Buffers alive together with each buffer that may not lie just anywhere against it. */
  readonly conflicts: readonly (readonly Conflict[])[];

  constructor(private readonly problem: AllocationProblem) {
    const { buffers, pairs = [] } = problem;
    const gaps = new Map<string, number>();
    for (const { above, below, delta } of pairs) {
      const name = `${below},${above}`;
      gaps.set(name, Math.min(delta, gaps.get(name) ?? buffers[below]!.size));
    }
    const gap = (below: number, above: number) =>
      (gaps.size === 0 ? undefined : gaps.get(`${below},${above}`)) ?? buffers[below]!.size;
    const conflicts: Conflict[][] = buffers.map(() => []);
    const order = [...buffers.keys()].sort((a, b) => buffers[a]!.lower - buffers[b]!.lower);
    order.forEach((a, i) => {
      for (let k = i + 1; k < order.length && buffers[order[k]!]!.lower < buffers[a]!.upper; k++) {
        const b = order[k]!;
        // Two fixed ones need no place; all rows of an input would be in conflict with all others.
        if (buffers[a]!.fixedOffset !== undefined && buffers[b]!.fixedOffset !== undefined) continue;
        const [ab, ba] = [gap(a, b), gap(b, a)];
        if (ab + ba <= 0) continue; // One side of the disjunction always holds.
        conflicts[a]!.push({ other: b, gapBelow: ba, gapAbove: ab });
        conflicts[b]!.push({ other: a, gapBelow: ab, gapAbove: ba });
      }
    });
    this.conflicts = conflicts;
  }

  /** Offsets when the buffers are placed in `order`; fixed ones are there from the start. */
  place(order: readonly number[]): number[] {
    const { buffers } = this.problem;
    const offsets = buffers.map((b) => b.fixedOffset ?? -1);
    for (const b of order) if (offsets[b]! < 0) offsets[b] = this.#lowest(b, offsets);
    return offsets;
  }

  #lowest(b: number, offsets: readonly number[]): number {
    const align = this.problem.buffers[b]!.alignment ?? 1;
    const blocked: [from: number, to: number][] = [];
    for (const { other, gapBelow, gapAbove } of this.conflicts[b]!) {
      const at = offsets[other]!;
      if (at >= 0) blocked.push([at - gapAbove, at + gapBelow]);
    }
    blocked.sort((x, y) => x[0] - y[0]);
    let at = 0;
    for (const [from, to] of blocked) if (from < at && at < to) at = roundUp(to, align);
    return at;
  }

  /** One past the last byte of each buffer. */
  ends(offsets: readonly number[]): number[] {
    return this.problem.buffers.map((b, i) => offsets[i]! + b.size);
  }

  height(offsets: readonly number[]): number {
    return this.ends(offsets).reduce((top, end) => Math.max(top, end), 0);
  }

  /**
   * Bytes that any layout needs: in some section, all sizes less every overlap that pairs allow (Bonferroni), or the
   * sizes of a subset without such pairs; and the end of every fixed buffer.
   */
  bound(members: readonly (readonly number[])[]): number {
    const { buffers, pairs = [] } = this.problem;
    const size = (b: number) => buffers[b]!.size;
    const overlap = (a: number, b: number) => {
      const least = Math.min(size(a), size(b));
      const conflict = this.conflicts[a]!.find((c) => c.other === b);
      if (conflict === undefined) return least;
      const reach = Math.max(size(b) - conflict.gapBelow, size(a) - conflict.gapAbove);
      return Math.min(Math.max(reach, 0), least);
    };
    let bound = buffers.reduce((top, b) => Math.max(top, (b.fixedOffset ?? 0) + b.size), 0);
    for (const section of members) {
      // Without pairs nothing overlaps; rows of an input make sections too large for looking at every two of them.
      const total = section.reduce((sum, b) => sum + size(b), 0);
      if (pairs.length === 0) {
        bound = Math.max(bound, total);
        continue;
      }
      const sorted = [...section].sort((a, b) => size(b) - size(a));
      const apart: number[] = [];
      let [all, disjoint] = [0, 0];
      sorted.forEach((b, i) => {
        all += size(b) - sorted.slice(0, i).reduce((sum, a) => sum + overlap(a, b), 0);
        if (apart.some((a) => overlap(a, b) > 0)) return;
        apart.push(b);
        disjoint += size(b);
      });
      bound = Math.max(bound, all, disjoint);
    }
    return bound;
  }
}
