/**
 * The TypeScript order solver: a minimax best-first search over the sets of operators done (downsets), as in the
 * native core, on the whole graph at once and with a smaller budget. See `native/src/downsets.rs` for why running an
 * operator that does not add live bytes at once is safe.
 */
import type { OrderProblem } from './allocation.js';
import { operatorPeak, topologicalOrder } from './operator-peak.js';

interface State {
  readonly done: Uint8Array;
  /** Peak so far; nothing that follows can have less. */
  key: number;
  live: number;
  readonly parent: State | null;
  /** Operators run since the parent. */
  readonly ran: number[];
  readonly count: number;
}

interface Step {
  readonly pred: readonly number[];
  readonly inputs: readonly {
    readonly tensor: number;
    readonly bytes: number;
    readonly consumers: readonly number[];
  }[];
  readonly born: number;
  readonly lost: number;
  readonly scratch: number;
  readonly inPlace: readonly { readonly tensor: number; readonly bytes: number }[];
}

/** Memory guard: states are a few hundred bytes each. */
const mostStates = 300_000;
const beamWidth = 16;

export class OrderSearch {
  readonly #steps: Step[];
  readonly #startLive: number;

  /** @param over true when the time is up */
  constructor(
    private readonly problem: OrderProblem,
    private readonly over: () => boolean,
    private readonly nodeLimit: number,
  ) {
    const { tensors, ops } = problem;
    const producer = new Map<number, number>();
    const consumers: number[][] = tensors.map(() => []);
    ops.forEach((op, v) => {
      for (const t of op.outputs) producer.set(t, v);
      for (const t of new Set(op.inputs)) consumers[t]!.push(v);
    });
    const lasting = (t: number) => tensors[t]!.keep === true || consumers[t]!.length > 0;
    const sum = (list: readonly number[]) => list.reduce((total, t) => total + tensors[t]!.bytes, 0);
    this.#steps = ops.map((op) => {
      const mortal = [...new Set(op.inputs)].filter((t) => tensors[t]!.keep !== true);
      return {
        pred: op.inputs.filter((t) => producer.has(t)).map((t) => producer.get(t)!),
        inputs: mortal.map((t) => ({ tensor: t, bytes: tensors[t]!.bytes, consumers: consumers[t]! })),
        born: sum(op.outputs),
        lost: sum(op.outputs.filter((t) => !lasting(t))),
        scratch: op.scratchBytes ?? 0,
        inPlace: (op.inPlace ?? []).map(([input, output]) => ({
          tensor: input,
          bytes: Math.min(tensors[input]!.bytes, tensors[output]!.bytes),
        })),
      };
    });
    this.#startLive = sum([...tensors.keys()].filter((t) => !producer.has(t) && lasting(t)));
  }

  /** The best order found, and a bound below which no order's peak lies. */
  run(): { order: number[]; peak: number; lowerBound: number } {
    let order = topologicalOrder(this.problem) ?? [];
    let peak = operatorPeak(this.problem, order) ?? 0;
    const file = [...this.problem.ops.keys()];
    for (const candidate of [file, this.#beam()]) {
      const cost = candidate && operatorPeak(this.problem, candidate);
      if (candidate && cost !== null && cost < peak) [order, peak] = [candidate, cost];
    }
    const root = this.#start();
    const seen = new Map<string, number>();
    const buckets = new Map<number, State[]>([[root.key, [root]]]);
    const keys = [root.key];
    let nodes = 0;
    while (keys.length > 0 && keys[0]! < peak) {
      const state = buckets.get(keys[0]!)!.pop();
      if (state === undefined) {
        buckets.delete(keys.shift()!);
        continue;
      }
      if (state.count === this.#steps.length) {
        return { order: unroll(state), peak: state.key, lowerBound: state.key };
      }
      if (++nodes > this.nodeLimit || seen.size > mostStates || (nodes % 64 === 0 && this.over())) {
        return { order, peak, lowerBound: state.key };
      }
      for (const next of this.#children(state)) {
        const name = String.fromCharCode(...next.done);
        if (next.key >= peak || next.key >= (seen.get(name) ?? Number.POSITIVE_INFINITY)) continue;
        seen.set(name, next.key);
        const bucket = buckets.get(next.key);
        if (bucket) bucket.push(next);
        else {
          buckets.set(next.key, [next]);
          keys.push(next.key);
          keys.sort((a, b) => a - b);
        }
      }
    }
    return { order, peak, lowerBound: peak };
  }

  #start(): State {
    const done = new Uint8Array(this.#steps.length);
    const root = { done, key: this.#startLive, live: this.#startLive, parent: null, ran: [], count: 0 };
    return this.#close(root);
  }

  /** Bytes while v runs and live bytes after it. */
  #cost(state: State, v: number): { during: number; after: number } {
    const step = this.#steps[v]!;
    const dies = (tensor: number) =>
      step.inputs.some(
        (i) => i.tensor === tensor && i.consumers.every((c) => c === v || state.done[c] === 1),
      );
    let freed = 0;
    for (const input of step.inputs) if (dies(input.tensor)) freed += input.bytes;
    let saved = 0;
    for (const { tensor, bytes } of step.inPlace) if (bytes > saved && dies(tensor)) saved = bytes;
    return {
      during: state.live + step.born + step.scratch - saved,
      after: state.live + step.born - step.lost - freed,
    };
  }

  #ready(state: State): number[] {
    const list: number[] = [];
    this.#steps.forEach((step, v) => {
      if (state.done[v] === 0 && step.pred.every((u) => state.done[u] === 1)) list.push(v);
    });
    return list;
  }

  /** Runs operators that neither exceed the key nor add live bytes, until none is left. */
  #close(state: State): State {
    const next = { ...state, ran: [...state.ran] };
    for (let moved = true; moved; ) {
      moved = false;
      for (const v of this.#ready(next)) {
        const { during, after } = this.#cost(next, v);
        if (during > next.key || after > next.live) continue;
        next.done[v] = 1;
        next.live = after;
        next.ran.push(v);
        next.count++;
        moved = true;
      }
    }
    return next;
  }

  #children(state: State): State[] {
    return this.#ready(state).map((v) => {
      const { during, after } = this.#cost(state, v);
      const done = state.done.slice();
      done[v] = 1;
      const key = Math.max(state.key, during);
      return this.#close({ done, key, live: after, parent: state, ran: [v], count: state.count + 1 });
    });
  }

  /** Keeps the best few states of each number of operators done; null when the time is up first. */
  #beam(): number[] | null {
    const levels = new Map<number, State[]>();
    const put = (state: State) => levels.set(state.count, [...(levels.get(state.count) ?? []), state]);
    put(this.#start());
    for (let count = 0; count < this.#steps.length; count++) {
      const here = levels.get(count) ?? [];
      levels.delete(count);
      if (this.over()) return null;
      here.sort((a, b) => a.key - b.key || a.live - b.live);
      const names = new Set<string>();
      for (const state of here) {
        const name = String.fromCharCode(...state.done);
        if (names.has(name)) continue;
        if (names.add(name).size > beamWidth) break;
        this.#children(state).forEach(put);
      }
    }
    const ends = levels.get(this.#steps.length) ?? [];
    ends.sort((a, b) => a.key - b.key);
    return ends[0] ? unroll(ends[0]) : null;
  }
}

function unroll(state: State): number[] {
  const parts: number[][] = [];
  for (let at: State | null = state; at !== null; at = at.parent) parts.push(at.ran);
  return parts.reverse().flat();
}
