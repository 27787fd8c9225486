/** Plans a network for a board with several memories. */
import type { Graph } from '../ir/graph.js';
import { codeBytesAtMost, placeWeights, type WeightMemory } from './place-weights.js';
import type { Plan } from './plan.js';
import { type PlanOptions, planGraph } from './plan-graph.js';
import { type ArenaMemory, spreadPlan } from './spread-plan.js';

export interface MemoryPlanOptions extends PlanOptions {
  /** The memories for activations, in the board's order; with fewer than two, the plan is in `region` alone. */
  readonly memories?: readonly ArenaMemory[];
  /** The memories for weights; without, all weights lie in the board's first one. */
  readonly weights?: readonly WeightChoice[];
}

export interface WeightChoice extends WeightMemory {
  /** Whether what lies in it has to be copied there at start: it is RAM. */
  readonly isCopy: boolean;
}

/**
 * Buffers: a plan in one memory where one has room for all of it, the first in the board's order; otherwise, and for `speed`, the
 * one that accesses its memories at least cost. When no way fits, the plan for one memory, which is then too large for it.
 * Weights: the most read ones in the first memory, what it cannot hold in the others; for `speed`, copies in RAM that is left.
 */
export function planInMemories(graph: Graph, options: MemoryPlanOptions): Plan {
  const plan = planBuffers(graph, options);
  const { weights = [], objective } = options;
  const taken = new Map(plan.regions.map(({ name, bytes }) => [name, bytes]));
  const flashed = weights.filter(({ isCopy }) => !isCopy);
  const copies = weights
    .filter(({ isCopy }) => isCopy && objective === 'speed')
    .map((memory) => ({ ...memory, roomBytes: memory.roomBytes - (taken.get(memory.name) ?? 0) }));
  if (flashed.length + copies.length < 2) return plan;
  const [first, ...others] = flashed;
  const beside = { ...first!, roomBytes: first!.roomBytes - codeBytesAtMost(graph, plan) };
  return { ...plan, weights: placeWeights(graph, plan, { flashed: [beside, ...others], copies }) };
}

function planBuffers(graph: Graph, options: MemoryPlanOptions): Plan {
  const { memories = [], objective, input, solver } = options;
  const plan = planGraph(graph, options);
  if (memories.length < 2) return plan;
  const whole = memories.find(({ roomBytes }) => plan.arenaBytes <= roomBytes);
  if (whole && objective !== 'speed') return inMemory(plan, whole.name);
  const spread = spreadPlan(graph, plan, memories, solver);
  if (spread) return spread;
  if (objective === 'speed' || input === 'streamed') return plan;
  // Rows that share memory bind many tensors together; whole tensors can go anywhere.
  const layers = planGraph(graph, { ...options, objective: 'speed' });
  return spreadPlan(graph, { ...layers, objective }, memories, solver) ?? plan;
}

/** A plan in one memory, in another one. */
function inMemory(plan: Plan, name: string): Plan {
  return {
    ...plan,
    regions: plan.regions.map((region) => ({ ...region, name })),
    buffers: plan.buffers.map((buffer) => ({ ...buffer, region: name })),
  };
}
