/** What `reflow arch` returns: its JSON document. Names carry units; sizes are bytes. */
import type { McuformerModel } from '../plan/mcuformer.js';
import type { PlanResult } from './results.js';

/** What an architecture file comes to, without its weights. */
export interface ArchitectureResult {
  readonly network: string;
  readonly architecture: string;
  readonly macs: number;
  /** Weights, biases and constants of norms. */
  readonly weightBytes: number;
  /** Of a vision transformer of full matrices, from its sizes alone; null for other networks, whose plan takes a board. */
  readonly transformer: {
    readonly tokens: number;
    readonly depth: number;
    readonly streamed: ArchitecturePlan;
    readonly resident: ArchitecturePlan;
    readonly weightTrafficBytes: number;
    readonly mcuformer: McuformerModel;
    /** Time for all of this. */
    readonly milliseconds: number;
  } | null;
  /** Null unless a board was named. */
  readonly plan: PlanResult | null;
}

export interface ArchitecturePlan {
  readonly arenaBytes: number;
  readonly binding: 'embedding' | 'attention' | 'mlp';
}
