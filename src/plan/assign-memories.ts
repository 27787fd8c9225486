/**
 * Which part goes to which memory, at least cost: depth first, the parts with most to gain first, each in the cheapest memory first.
 * A branch ends where the bytes alive at once exceed a memory, or where the rest cannot become cheaper than the best so
 * far. Whether the parts of a memory can be laid out in it is asked at the leaves; a memory in which they cannot
 * rules out everything below the part that was put there last.
 */

export interface AssignmentPart {
  /** Of the part in each memory; never negative. */
  readonly costs: readonly number[];
  /** What the order of the search goes by: the most urgent first. */
  readonly urgency: number;
  /** Bytes alive at each moment; as long for all parts. */
  readonly profile: Float64Array;
}

/** Whether parts can be laid out in a memory; `unknown`: the search for a layout was cut short. */
export type Verdict = 'fits' | 'impossible' | 'unknown';

export interface AssignmentProblem {
  readonly parts: readonly AssignmentPart[];
  /** Bytes that each memory has to give. */
  readonly rooms: readonly number[];
  judge(memory: number, parts: readonly number[]): Verdict;
}

export interface Assignment {
  /** One memory for each part. */
  readonly memories: readonly number[];
  readonly cost: number;
  /** No assignment costs less. */
  readonly provenOptimal: boolean;
}

/** Null when none was found within `nodes` steps of the search. */
export function assignMemories(problem: AssignmentProblem, nodes: number): Assignment | null {
  return new Search(problem, nodes).run();
}

class Search {
  readonly #order: readonly number[];
  /** Of each part the memories, the cheapest first. */
  readonly #choices: readonly (readonly number[])[];
  /** What the parts from a position of the order on cost at least. */
  readonly #rest: readonly number[];
  readonly #live: Float64Array[];
  readonly #at: number[] = [];
  readonly #verdicts = new Map<string, Verdict>();
  #best: { memories: number[]; cost: number } | null = null;
  #nodes = 0;
  #complete = true;

  constructor(
    private readonly problem: AssignmentProblem,
    private readonly limit: number,
  ) {
    const { parts, rooms } = problem;
    this.#order = [...parts.keys()].sort((a, b) => parts[b]!.urgency - parts[a]!.urgency || a - b);
    this.#choices = parts.map(({ costs }) =>
      [...rooms.keys()].sort((a, b) => costs[a]! - costs[b]! || a - b),
    );
    const rest = [0];
    for (const part of [...this.#order].reverse()) rest.push(rest.at(-1)! + Math.min(...parts[part]!.costs));
    this.#rest = rest.reverse();
    this.#live = rooms.map(() => new Float64Array(parts[0]?.profile.length ?? 0));
  }

  run(): Assignment | null {
    this.#descend(0, 0);
    return this.#best && { ...this.#best, provenOptimal: this.#complete };
  }

  /** Returns the depth to which to go back: what lies below it cannot lead anywhere. */
  #descend(depth: number, cost: number): number {
    if (this.#best && cost + this.#rest[depth]! >= this.#best.cost) return depth - 1;
    if (depth === this.#order.length) return this.#leaf(cost);
    const part = this.#order[depth]!;
    for (const memory of this.#choices[part]!) {
      if (this.#nodes++ >= this.limit) {
        this.#complete = false;
        return -1;
      }
      const { profile, costs } = this.problem.parts[part]!;
      if (!this.#add(memory, profile)) continue;
      this.#at[part] = memory;
      const back = this.#descend(depth + 1, cost + costs[memory]!);
      this.#remove(memory, profile);
      if (back < depth) return back;
    }
    return depth - 1;
  }

  #leaf(cost: number): number {
    let back = this.#order.length;
    for (const memory of this.problem.rooms.keys()) {
      const held = this.#order.filter((part) => this.#at[part] === memory);
      if (held.length === 0 || this.#judge(memory, held) === 'fits') continue;
      back = Math.min(back, this.#order.indexOf(held.at(-1)!));
    }
    if (back < this.#order.length) return back;
    this.#best = { memories: [...this.#at], cost };
    return this.#order.length - 1;
  }

  #judge(memory: number, held: readonly number[]): Verdict {
    const key = `${memory}: ${held}`;
    const known = this.#verdicts.get(key);
    if (known) return known;
    const verdict = this.problem.judge(memory, held);
    if (verdict === 'unknown') this.#complete = false;
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  #add(memory: number, profile: Float64Array): boolean {
    const live = this.#live[memory]!;
    const room = this.problem.rooms[memory]!;
    for (const [time, bytes] of profile.entries()) live[time]! += bytes;
    if (live.every((bytes) => bytes <= room)) return true;
    this.#remove(memory, profile);
    return false;
  }

  #remove(memory: number, profile: Float64Array): void {
    const live = this.#live[memory]!;
    for (const [time, bytes] of profile.entries()) live[time]! -= bytes;
  }
}
