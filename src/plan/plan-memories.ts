/** Plans a network for a board with several memories. */
import type { Graph } from '../ir/graph.js';
import type { Plan } from './plan.js';
import { type PlanOptions, planGraph } from './plan-graph.js';
import { type ArenaMemory, spreadPlan } from './spread-plan.js';

export interface MemoryPlanOptions extends PlanOptions {
  /** The memories for activations, in the board's order; with fewer than two, the plan is in `region` alone. */
  readonly memories?: readonly ArenaMemory[];
}

/**
 * A plan in one memory where one has room for all of it, the first in the board's order; otherwise, and for `speed`, the one that
 * accesses its memories at least cost. When no way fits, the plan for one memory, which is then too large for it.
 */
export function planInMemories(graph: Graph, options: MemoryPlanOptions): Plan {
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
