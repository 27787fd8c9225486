/**
 * A Plan says when every operator runs and where every byte of the arena lives. `plan` is pure. Planners return plans;
 * `check-plan.ts`, which knows nothing of how they are found, replays them.
 */
import type { OpId } from '../ir/graph.js';
import type { TensorId } from '../ir/tensor.js';

/** One interval of the arena. Times are positions in `Plan.order`, half open: [first, last). */
export interface PlanBuffer {
  /** The tensor that lives here; null for the scratch of the operator that runs at `first`. */
  readonly tensor: TensorId | null;
  /** Name of one of the board's memories. */
  readonly region: string;
  /** Bytes from the start of the arena in that region. */
  readonly offset: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface PlanRegion {
  readonly name: string;
  /** What the board has. */
  readonly bytes: number;
  /** What this network uses of it. */
  readonly used: number;
}

export interface Plan {
  readonly graph: string;
  readonly objective: 'ram' | 'balanced' | 'speed';
  readonly input: 'resident' | 'streamed';
  readonly order: readonly OpId[];
  readonly buffers: readonly PlanBuffer[];
  /** All mutable bytes of the network: tensors, scratch, alignment. */
  readonly arenaBytes: number;
  /** No plan of this family can be smaller. */
  readonly lowerBoundBytes: number;
  readonly provenOptimal: boolean;
  /** The plans among which this one was sought, in words. */
  readonly family: string;
  readonly macs: number;
  readonly extraMacs: number;
  /** Largest scratch of one operator; it is inside arenaBytes. */
  readonly scratchBytes: number;
}
