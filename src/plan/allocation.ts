/**
 * The bare allocation problem: buffers with lifetimes and sizes, to be placed in one memory as low as possible; and
 * the problem of ordering operators. Solvers of both take and give these types; `validateAllocation` and
 * `validateOrder` are what every solver may rely on.
 */
import { ReflowError } from '../base/error.js';
import { checkOffsets } from './check-offsets.js';

/** Alive from step `lower` to before step `upper`. Sizes, offsets and alignments are in bytes. */
export interface AllocationBuffer {
  readonly lower: number;
  readonly upper: number;
  readonly size: number;
  /** Divides the offset; 1 when absent. */
  readonly alignment?: number;
  /** Where the buffer must lie, when that is not for the solver to choose. */
  readonly fixedOffset?: number;
}

/**
 * An allowance between two buffers that are alive together: they may be disjoint like any others, or `below` may
 * start at least `delta` bytes beneath `above` and reach into it: offset[below] <= offset[above] - delta.
 */
export interface AllocationPair {
  readonly above: number;
  readonly below: number;
  readonly delta: number;
}

export interface AllocationProblem {
  readonly buffers: readonly AllocationBuffer[];
  readonly pairs?: readonly AllocationPair[];
}

/** How much effort a solver may spend. Results depend on the machine's speed only when `seconds` cuts the search. */
export interface SolverLimits {
  readonly seconds: number;
  readonly seed: number;
  /** Search nodes, a measure of effort that is the same on every machine; no limit when absent. */
  readonly nodes?: number;
}

export type Engine = 'native' | 'typescript';

/** `height` is the end of the highest buffer; no layout is lower than `lowerBound`. */
export interface AllocationSolution {
  readonly offsets: readonly number[];
  readonly height: number;
  readonly lowerBound: number;
  readonly provenOptimal: boolean;
  readonly engine: Engine;
}

/** One operator, naming tensors by index. `inPlace` pairs (input, output) may share bytes when the input dies here. */
export interface OrderOp {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly scratchBytes?: number;
  readonly inPlace?: readonly (readonly [input: number, output: number])[];
}

/** Tensors that no operator makes are live from the start; `keep` tensors to the end, the others to their last use. */
export interface OrderProblem {
  readonly tensors: readonly { readonly bytes: number; readonly keep?: boolean }[];
  readonly ops: readonly OrderOp[];
}

/** `peak` is the most bytes live at once in that order; no order has less than `lowerBound`. */
export interface OrderSolution {
  readonly order: readonly number[];
  readonly peak: number;
  readonly lowerBound: number;
  readonly provenOptimal: boolean;
  readonly engine: Engine;
}

/** What places buffers and orders operators. Both are anytime: the best result so far when the time is up. */
export interface PlanSolver {
  readonly engine: Engine;
  /** Stops early at a layout of at most `capacity` bytes when that is given. */
  solveOffsets(problem: AllocationProblem, limits: SolverLimits, capacity?: number): AllocationSolution;
  solveOrder(problem: OrderProblem, limits: SolverLimits): OrderSolution;
}

function fail(what: string): never {
  throw new ReflowError('E_PLAN', what, 'correct the allocation problem');
}

function whole(value: number, least: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < least)
    fail(`${what} is ${value}, not an integer of at least ${least}`);
}

/** Throws E_PLAN unless every number is a safe integer in range, every pair names two buffers, and all sizes add up. */
export function validateAllocation(problem: AllocationProblem): void {
  let total = 0;
  problem.buffers.forEach((buffer, i) => {
    whole(buffer.lower, Number.MIN_SAFE_INTEGER, `buffer ${i}: lower`);
    whole(buffer.upper, buffer.lower + 1, `buffer ${i}: upper`);
    whole(buffer.size, 1, `buffer ${i}: size`);
    whole(buffer.alignment ?? 1, 1, `buffer ${i}: alignment`);
    whole(buffer.fixedOffset ?? 0, 0, `buffer ${i}: fixed offset`);
    if ((buffer.fixedOffset ?? 0) % (buffer.alignment ?? 1) !== 0)
      fail(`buffer ${i}: fixed offset is not aligned`);
    total += buffer.size + (buffer.alignment ?? 1) + (buffer.fixedOffset ?? 0);
  });
  whole(total, 0, 'the sum of all sizes');
  for (const { above, below, delta } of problem.pairs ?? []) {
    const known = problem.buffers[above] !== undefined && problem.buffers[below] !== undefined;
    if (!known || above === below) fail(`pair (${above}, ${below}) does not name two buffers`);
    whole(delta, Number.MIN_SAFE_INTEGER, `pair (${above}, ${below}): delta`);
  }
  refuseFixedClash(problem);
}

/** Two fixed buffers that break a rule between them leave no layout at all. */
function refuseFixedClash({ buffers, pairs = [] }: AllocationProblem): void {
  const fixed = [...buffers.entries()].filter(([, b]) => b.fixedOffset !== undefined);
  const subset = fixed.map(([, b]) => b);
  const local = new Map(fixed.map(([i], k) => [i, k]));
  const known = pairs.flatMap(({ above, below, delta }) => {
    const [a, b] = [local.get(above), local.get(below)];
    return a === undefined || b === undefined ? [] : [{ above: a, below: b, delta }];
  });
  const offsets = subset.map((b) => b.fixedOffset ?? 0);
  const height = subset.reduce((top, b, k) => Math.max(top, offsets[k]! + b.size), 0);
  const clash = checkOffsets({ buffers: subset, pairs: known }, offsets, height)[0];
  if (clash)
    fail(`fixed offsets contradict each other: ${clash.buffers.map((k) => fixed[k]![0]).join(' and ')}`);
}

/** Throws E_PLAN unless every operator names known tensors, each made at most once, and the bytes add up. */
export function validateOrder(problem: OrderProblem): void {
  const made = new Set<number>();
  let total = 0;
  problem.tensors.forEach(({ bytes }, t) => {
    whole(bytes, 0, `tensor ${t}: bytes`);
    total += bytes;
  });
  problem.ops.forEach((op, v) => {
    whole(op.scratchBytes ?? 0, 0, `operator ${v}: scratch bytes`);
    total += op.scratchBytes ?? 0;
    for (const t of [...op.inputs, ...op.outputs, ...(op.inPlace ?? []).flat()]) {
      if (problem.tensors[t] === undefined) fail(`operator ${v} names tensor ${t}, which does not exist`);
    }
    for (const t of op.outputs) {
      if (made.has(t)) fail(`tensor ${t} is made twice`);
      made.add(t);
    }
    for (const [input, output] of op.inPlace ?? []) {
      if (!op.inputs.includes(input) || !op.outputs.includes(output)) {
        fail(`operator ${v}: in-place pair (${input}, ${output}) is not an input and an output of it`);
      }
    }
  });
  whole(total, 0, 'the sum of all bytes');
}
