/**
 * A Plan says when every operator runs and where every byte of the arena lives. `plan` is pure. Planners return plans;
 * `check-plan.ts`, which knows nothing of how they are found, replays them.
 */
import type { OpId } from '../ir/graph.js';
import type { TensorId } from '../ir/tensor.js';
import { callChoices, callsOf } from '../ops/index.js';
import type { KernelCall, KernelSet, OpView } from '../ops/op-def.js';
import type { Engine } from './allocation.js';

/** One step: a row of an operator that runs row by row, or all of one that does not. */
export interface PlanStep {
  /** Null: row `row` of the streamed input `tensor` arrives. */
  readonly op: OpId | null;
  /** The streamed input; null for operators. */
  readonly tensor: TensorId | null;
  /** Output row (input row where an operator accumulates); 0 for an operator that needs whole tensors. */
  readonly row: number;
}

/** Steps first to last - 1, which belong together: one operator, or several that run row by row. */
export interface PlanSegment {
  readonly first: number;
  readonly last: number;
}

/** One interval of the arena. Times are positions in `Plan.steps`, half open: [first, last). */
export interface PlanBuffer {
  /** The tensor that lives here; null for a scratch. */
  readonly tensor: TensorId | null;
  /**
   * The row of the tensor, or null when all of it is here in one piece; of a scratch, the row of its operator for which it is
   * here, or null when it is here for all of them.
   */
  readonly row: number | null;
  /**
   * The operator whose scratch this is (operators that run in turns may share one); null for tensors, and for the progress of
   * a network with streamed input.
   */
  readonly scratchOf: OpId | null;
  /** Name of one of the board's memories. */
  readonly region: string;
  /** Bytes from the start of the arena in that region. */
  readonly offset: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** What a plan takes of one memory. */
export interface PlanRegion {
  readonly name: string;
  /** Where the highest buffer in it ends. */
  readonly bytes: number;
  /** No layout of the buffers that lie in it is lower. */
  readonly lowerBoundBytes: number;
}

/** Where the weights of one operator lie. */
export interface PlanWeights {
  readonly op: OpId;
  readonly bytes: number;
  /** The memory that is flashed with them. */
  readonly memory: string;
  /** The RAM into which they are copied at start, and from which they are read; null: they are read where they are. */
  readonly copy: string | null;
}

/** An operator whose kernel makes do with less working memory: position `choice` of its `callChoices`. */
export interface LeanerKernel {
  readonly op: OpId;
  readonly choice: number;
}

export interface Plan {
  readonly graph: string;
  readonly objective: 'ram' | 'balanced' | 'speed';
  readonly input: 'resident' | 'streamed';
  /** Kernel sets of the target, best first; they decide scratch sizes. */
  readonly kernelSets: readonly KernelSet[];
  /** Operators that do not run with their fastest kernel. */
  readonly leaner: readonly LeanerKernel[];
  readonly steps: readonly PlanStep[];
  readonly segments: readonly PlanSegment[];
  readonly buffers: readonly PlanBuffer[];
  /** The memories that hold buffers; the first one's part is the arena that the caller of the generated C provides. */
  readonly regions: readonly PlanRegion[];
  /** Operators whose weights do not simply lie in the board's first memory for weights. */
  readonly weights: readonly PlanWeights[];
  /** All mutable bytes of the network: tensors, scratch, alignment; of all memories together. */
  readonly arenaBytes: number;
  /** No plan of this family can be smaller. */
  readonly lowerBoundBytes: number;
  readonly provenOptimal: boolean;
  /** What placed the buffers: the native core, or the TypeScript solver that takes its place. */
  readonly engine: Engine;
  /** The plans among which this one was sought, in words. */
  readonly family: string;
  readonly macs: number;
  readonly extraMacs: number;
  /** Largest scratch of one operator; it is inside arenaBytes. */
  readonly scratchBytes: number;
}

/** The kernel calls with which a plan runs an operator, seen whole or as a row. */
export function plannedCalls({ kernelSets, leaner }: Plan, view: OpView): readonly KernelCall[] {
  const choice = leaner.find(({ op }) => op === view.op.id)?.choice ?? 0;
  return choice === 0 ? callsOf(view, kernelSets) : callChoices(view, kernelSets)[choice]!;
}

/** Bytes in which a network with streamed input remembers where it is: a segment of at most this many operators. */
export function progressBytes(parts: number): number {
  return 8 + 2 * parts;
}

/** Row tables hold 16-bit numbers; their unit grows with the arena. A row's offset is a multiple of this. */
export function rowUnitBytes(arenaBytes: number): number {
  let unit = 4;
  while (arenaBytes / unit > 65_535) unit *= 4;
  return unit;
}
