/**
 * Decides whether buffers fit a capacity by filling valleys of the skyline: the search of `native/src/niche.rs`, which
 * explains the branching and why each rule that prunes is sound. Levels and sizes are bytes here.
 */
import { roundUp, type Sections } from './sections.js';

export type Outcome = 'found' | 'failed' | 'limit';

/** How the next section is picked: fewest choices per weight of past failures, or fewest and lowest. */
export type Pick = 'weighted' | 'fewest';

const tableSize = 1 << 16;

export class NicheSearch {
  readonly offset: number[];
  readonly priority: number[];
  nodes = 0;
  #capacity = Number.POSITIVE_INFINITY;
  #nodeEnd = 0;
  readonly #open: Uint8Array;
  readonly #floor: Float64Array;
  readonly #base: Float64Array;
  readonly #load: Float64Array;
  readonly #pad: Float64Array;
  readonly #count: Int32Array;
  readonly #cross: Int32Array;
  readonly #low: Float64Array;
  readonly #weight: Float64Array;
  readonly #choices: Int32Array;
  readonly #valley: Int32Array;
  readonly #conflicts: number[][];
  readonly #keys: Int32Array;
  readonly #uniform: boolean;
  readonly #table = new Float64Array(tableSize);
  readonly #trail: (() => void)[] = [];

  constructor(
    private readonly s: Sections,
    /** Buffers that must lie where they do, lowest first; at any time they fill the memory from 0 up. */
    private readonly ground: readonly { readonly buffer: number; readonly offset: number }[],
    private readonly pick: Pick,
    random: () => number,
    private readonly over: () => boolean,
  ) {
    const n = s.size.length;
    this.offset = new Array<number>(n).fill(0);
    this.priority = new Array<number>(n).fill(0);
    this.#open = new Uint8Array(n).fill(1);
    this.#low = new Float64Array(n);
    this.#keys = Int32Array.from({ length: n }, () => random() * 2 ** 32);
    this.#uniform = s.align.every((a) => a === 1);
    this.#floor = new Float64Array(s.count);
    this.#base = new Float64Array(s.count);
    this.#load = Float64Array.from(s.members, (list) => list.reduce((sum, b) => sum + s.rounded[b]!, 0));
    this.#pad = this.#load.map((load, i) => load - s.load[i]!);
    this.#count = Int32Array.from(s.members, (list) => list.length);
    this.#cross = Int32Array.from(s.members, (list, i) => list.filter((b) => s.first[b]! < i).length);
    this.#weight = new Float64Array(s.count).fill(1);
    this.#choices = new Int32Array(s.count);
    this.#valley = new Int32Array(s.count);
    this.#conflicts = s.size.map((_, b) => {
      const near = new Set<number>();
      for (let t = s.first[b]!; t < s.last[b]!; t++) for (const c of s.members[t]!) near.add(c);
      near.delete(b);
      return [...near];
    });
  }

  /** One restart at `capacity` bytes, at least every section's load. After 'found', `offset` holds the layout. */
  run(capacity: number, nodes: number): Outcome {
    if (capacity > this.#capacity) this.#table.fill(0);
    this.#capacity = capacity;
    this.#nodeEnd = this.nodes + nodes;
    const stands = this.ground.every(({ buffer, offset }) => this.#place(buffer, offset));
    const outcome = stands ? this.#solve(0, this.s.count) : 'failed';
    this.#undo(0);
    return outcome;
  }

  #solve(p: number, q: number): Outcome {
    let from = p;
    for (let t = p + 1; t <= q; t++) {
      if (t < q && this.#cross[t] !== 0) continue;
      if (this.#count[from]! > 0) {
        const outcome = this.#branch(from, t);
        if (outcome !== 'found') return outcome;
      }
      from = t;
    }
    return 'found';
  }

  #branch(p: number, q: number): Outcome {
    this.nodes++;
    if (this.nodes >= this.#nodeEnd || (this.nodes % 64 === 0 && this.over())) return 'limit';
    const hash = this.#hash(p, q);
    const slot = hash % tableSize;
    if (this.#table[slot] === hash) return 'failed';
    const t = this.#choose(p, q);
    const x = this.#floor[t]!;
    const mark = this.#trail.length;
    for (const c of this.#candidates(t, x)) {
      const outcome = this.#place(c, x) ? this.#solve(p, q) : 'failed';
      if (outcome !== 'failed') return outcome;
      this.#undo(mark);
    }
    const slack = this.#slack(t);
    const y = slack > 0 ? this.#nextLevel(t, x) : Number.POSITIVE_INFINITY;
    if (y - x <= slack) {
      const outcome = this.#raise(t, t + 1, y, this.s.members[t]!) ? this.#solve(p, q) : 'failed';
      if (outcome !== 'failed') return outcome;
      this.#undo(mark);
    }
    this.#table[slot] = hash;
    return 'failed';
  }

  #slack(t: number): number {
    return this.#capacity - this.#floor[t]! - this.#load[t]! + this.#pad[t]!;
  }

  /** 52 bits of what is left to do in sections p..q. */
  #hash(p: number, q: number): number {
    let [h, g] = [p * 65536 + q, 0x51ed270b];
    for (let t = p; t < q; t++) {
      // With alignments, what a buffer can stand on depends on the base itself.
      const [floor, base] = [this.#floor[t]!, this.#base[t]!];
      const support = this.#uniform ? Number(base === floor) : base;
      h = Math.imul(h ^ floor ^ Math.floor(floor / 2 ** 32), 0x9e3779b1) + support;
      h ^= h >>> 15;
      g = Math.imul(g ^ h, 0x85ebca6b);
      g ^= g >>> 13;
    }
    let set = 0;
    for (let b = 0; b < this.#open.length; b++) {
      if (this.#open[b] && this.s.first[b]! >= p && this.s.last[b]! <= q) set ^= this.#keys[b]!;
    }
    h = Math.imul(h ^ set, 0xc2b2ae35);
    g = Math.imul(g ^ set ^ (h >>> 7), 0x27d4eb2f);
    return ((h >>> 0) % 2 ** 20) * 2 ** 32 + (g >>> 0) + 1;
  }

  #choose(p: number, q: number): number {
    const floor = this.#floor;
    for (let start = p; start < q; ) {
      const x = floor[start]!;
      let end = start + 1;
      while (end < q && floor[end] === x) end++;
      const low = (start === p || floor[start - 1]! > x) && (end === q || floor[end]! > x);
      this.#valley.fill(low ? start + 1 : 0, start, end);
      this.#choices.fill(0, start, end);
      start = end;
    }
    for (let c = 0; c < this.#open.length; c++) {
      const [f, l] = [this.s.first[c]!, this.s.last[c]!];
      if (!this.#open[c] || f < p || l > q || this.#valley[f] === 0) continue;
      if (this.#valley[l - 1] !== this.#valley[f] || this.#low[c] !== floor[f]) continue;
      for (let t = f; t < l; t++) this.#choices[t]!++;
    }
    let [best, score] = [p, Number.POSITIVE_INFINITY];
    for (let t = p; t < q; t++) {
      if (this.#valley[t] === 0) continue;
      const k = this.#choices[t]! + (this.#slack(t) > 0 ? 1 : 0);
      const value = this.pick === 'weighted' ? k / this.#weight[t]! : k + floor[t]! / this.#capacity;
      if (value < score) [best, score] = [t, value];
    }
    return best;
  }

  #candidates(t: number, x: number): number[] {
    const { first, last, align, members } = this.s;
    const supported = (c: number) => {
      for (let u = first[c]!; u < last[c]!; u++) if (roundUp(this.#base[u]!, align[c]!) === x) return true;
      return x === 0;
    };
    const list = members[t]!.filter((c) => this.#open[c] && this.#low[c] === x && supported(c));
    return list.sort((a, b) => this.priority[b]! - this.priority[a]!);
  }

  #nextLevel(t: number, x: number): number {
    const { first, last, size, align, members } = this.s;
    let y = Number.POSITIVE_INFINITY;
    for (const b of members[t]!) {
      if (!this.#open[b]) continue;
      if (this.#low[b]! > x) {
        y = Math.min(y, this.#low[b]!);
        continue;
      }
      for (const c of this.#conflicts[b]!) {
        const here = first[c]! <= t && t < last[c]!;
        if (this.#open[c] && !here) y = Math.min(y, roundUp(this.#low[c]! + size[c]!, align[b]!));
      }
    }
    return y;
  }

  #place(b: number, x: number): boolean {
    const [f, l] = [this.s.first[b]!, this.s.last[b]!];
    const size = this.s.rounded[b]!;
    const bases = this.#base.slice(f, l);
    this.offset[b] = x;
    this.#open[b] = 0;
    const shift = (sign: number) => {
      for (let t = f; t < l; t++) {
        this.#load[t]! -= sign * size;
        this.#count[t]! -= sign;
        if (t > f) this.#cross[t]! -= sign;
      }
    };
    shift(1);
    this.#base.fill(x + this.s.size[b]!, f, l);
    this.#trail.push(() => {
      this.#open[b] = 1;
      this.#base.set(bases, f);
      shift(-1);
    });
    return this.#raise(f, l, x + this.s.size[b]!, this.#conflicts[b]!);
  }

  #raise(f: number, l: number, top: number, touched: readonly number[]): boolean {
    const floors = this.#floor.slice(f, l);
    this.#trail.push(() => this.#floor.set(floors, f));
    this.#floor.fill(top, f, l);
    let [from, to] = [f, l];
    for (const c of touched) {
      const before = this.#low[c]!;
      if (!this.#open[c] || before >= top) continue;
      this.#trail.push(() => {
        this.#low[c] = before;
      });
      this.#low[c] = roundUp(top, this.s.align[c]!);
      if (this.#low[c]! + this.s.size[c]! > this.#capacity) return false;
      from = Math.min(from, this.s.first[c]!);
      to = Math.max(to, this.s.last[c]!);
    }
    for (let t = from; t < to; t++) if (this.#count[t]! > 0 && !this.#infer(t)) return false;
    return true;
  }

  #infer(t: number): boolean {
    let lowest = Number.POSITIVE_INFINITY;
    for (const c of this.s.members[t]!) if (this.#open[c]) lowest = Math.min(lowest, this.#low[c]!);
    const before = this.#floor[t]!;
    if (lowest > before) {
      this.#trail.push(() => {
        this.#floor[t] = before;
      });
      this.#floor[t] = lowest;
    }
    if (this.#slack(t) >= 0) return true;
    this.#weight[t]!++;
    return false;
  }

  #undo(mark: number): void {
    while (this.#trail.length > mark) this.#trail.pop()!();
  }
}
