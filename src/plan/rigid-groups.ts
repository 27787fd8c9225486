/**
 * What of a plan must stay together when its buffers move to other memories. Buffers that share bytes while both are alive (in
 * place, shifted rows, a shared scratch) keep their distance: a group. All rows of a tensor, and the scratches of an operator,
 * are addressed from one pointer, so their groups go to the same memory: a cluster.
 */
import { type Graph, type OpId, tensorOf } from '../ir/graph.js';
import { dtypeBytes, type TensorId } from '../ir/tensor.js';
import { alignUp, scratchAlignment, wordBytes } from './alignment.js';
import { type Plan, type PlanBuffer, rowUnitBytes } from './plan.js';
import type { RowLife } from './row-lives.js';

/** One piece of memory for the solver, with the buffers in it. */
export interface Piece {
  readonly life: RowLife;
  /** Positions in `Plan.buffers`, and where each starts in the piece. */
  readonly members: readonly { readonly buffer: number; readonly at: number }[];
}

export interface Cluster {
  readonly pieces: readonly Piece[];
  readonly tensors: readonly TensorId[];
  readonly scratchOf: readonly OpId[];
}

export function clustersOf(graph: Graph, plan: Plan): Cluster[] {
  const { buffers } = plan;
  const groups = new Sets(buffers.length);
  for (const [i, a] of buffers.entries())
    for (let j = i + 1; j < buffers.length; j++) if (meet(a, buffers[j]!)) groups.join(i, j);
  const inputRows = rowsOfInputs(graph, plan);
  for (const rows of inputRows) for (const row of rows) groups.join(rows[0]!, row);
  const staircases = new Set(inputRows.map((rows) => groups.find(rows[0]!)));
  const clusters = new Sets(buffers.length);
  const heads = new Map<string, number>();
  for (const [i, { tensor, scratchOf }] of buffers.entries()) {
    clusters.join(groups.find(i), i);
    const owner = tensor === null ? `scratch ${scratchOf}` : `tensor ${tensor}`;
    const head = heads.get(owner);
    if (head === undefined) heads.set(owner, i);
    else clusters.join(head, i);
  }
  const members = groups.members();
  return [...clusters.members().values()].map((all) => {
    const own = all.map((i) => buffers[i]!);
    const roots = [...new Set(all.map((i) => groups.find(i)))];
    return {
      pieces: roots.flatMap((root) =>
        staircases.has(root)
          ? staircase(buffers, members.get(root)!)
          : [rectangle(graph, plan, members.get(root)!)],
      ),
      tensors: [...new Set(own.flatMap(({ tensor }) => (tensor === null ? [] : [tensor])))],
      scratchOf: [...new Set(own.flatMap(({ scratchOf }) => (scratchOf === null ? [] : [scratchOf])))],
    };
  });
}

function meet(a: PlanBuffer, b: PlanBuffer): boolean {
  const inTime = a.first < b.last && b.first < a.last;
  return inTime && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/** Resident inputs that are kept by rows: they lie in one piece although their rows die one by one. */
function rowsOfInputs(graph: Graph, { buffers, input }: Plan): number[][] {
  if (input === 'streamed') return [];
  return graph.inputs
    .map((id) => buffers.flatMap(({ tensor, row }, i) => (tensor === id && row !== null ? [i] : [])))
    .filter((rows) => rows.length > 0);
}

const nothing = { units: [], places: [], spans: [], scratchOf: null, scratchStep: null } as const;

function rectangle(graph: Graph, plan: Plan, members: readonly number[]): Piece {
  const own = members.map((i) => plan.buffers[i]!);
  const alignment = Math.max(...own.map((buffer) => alignmentOf(graph, plan, buffer)));
  const lowest = Math.min(...own.map(({ offset }) => offset));
  const base = lowest - (lowest % alignment);
  const life = {
    ...nothing,
    bytes: Math.max(...own.map(({ offset, bytes }) => offset + bytes)) - base,
    alignment,
    first: Math.min(...own.map(({ first }) => first)),
    last: Math.max(...own.map(({ last }) => last)),
    fixedOffset: null,
  };
  return { life, members: members.map((buffer) => ({ buffer, at: plan.buffers[buffer]!.offset - base })) };
}

/** Each buffer by itself, at its distance from the first row: see `place-lives.ts`. */
function staircase(buffers: readonly PlanBuffer[], members: readonly number[]): Piece[] {
  const base = Math.min(...members.map((i) => buffers[i]!.offset));
  return members.map((buffer) => {
    const { offset, bytes, first, last } = buffers[buffer]!;
    const life = { ...nothing, bytes, alignment: 1, first, last, fixedOffset: offset - base };
    return { life, members: [{ buffer, at: 0 }] };
  });
}

function alignmentOf(graph: Graph, plan: Plan, { tensor, row, scratchOf }: PlanBuffer): number {
  const unit = row === null ? wordBytes : rowUnitBytes(plan.arenaBytes);
  if (tensor !== null) return Math.max(unit, dtypeBytes[tensorOf(graph, tensor).dtype]);
  return scratchOf === null ? wordBytes : alignUp(Math.max(unit, scratchAlignment), scratchAlignment);
}

/** Disjoint sets of numbers from 0 on. */
class Sets {
  readonly #parents: number[];

  constructor(count: number) {
    this.#parents = Array.from({ length: count }, (_, i) => i);
  }

  find(i: number): number {
    let root = i;
    while (this.#parents[root] !== root) root = this.#parents[root]!;
    for (let at = i; at !== root; ) {
      const next = this.#parents[at]!;
      this.#parents[at] = root;
      at = next;
    }
    return root;
  }

  join(a: number, b: number): void {
    this.#parents[this.find(b)] = this.find(a);
  }

  members(): Map<number, number[]> {
    const all = new Map<number, number[]>();
    for (const i of this.#parents.keys()) {
      const root = this.find(i);
      const list = all.get(root);
      if (list) list.push(i);
      else all.set(root, [i]);
    }
    return all;
  }
}
