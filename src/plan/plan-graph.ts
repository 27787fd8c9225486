/** The planner: the file's operator order, in-place operators, and offsets by the best of several first fits. */
import type { Graph } from '../ir/graph.js';
import { defOf } from '../ops/index.js';
import { viewOp } from '../ops/op-def.js';
import { alignUp, bestFirstFit, livenessBound } from './first-fit.js';
import { lifetimes } from './lifetimes.js';
import type { Plan, PlanBuffer } from './plan.js';

/** rf.h: RF_ARENA_ALIGNMENT; the arena's size is a multiple of the word so that nothing follows it unaligned. */
const arenaGranularity = 4;

export interface PlanOptions {
  readonly objective: Plan['objective'];
  readonly input: Plan['input'];
  /** Name of the board's memory that holds the arena. */
  readonly region: string;
}

/** Plans a graph that `findUnsupported` accepts. */
export function planGraph(graph: Graph, options: PlanOptions): Plan {
  const order = graph.ops.map((op) => op.id);
  const candidates = [true, false].map((inPlace) => {
    const lives = lifetimes(graph, order, { inPlace });
    return { lives, packing: bestFirstFit(lives) };
  });
  const best = candidates.reduce((a, b) => (b.packing.height < a.packing.height ? b : a));
  const arenaBytes = alignUp(best.packing.height, arenaGranularity);
  const lowerBoundBytes = Math.min(
    ...candidates.map(({ lives }) => alignUp(livenessBound(lives), arenaGranularity)),
  );
  const buffers = best.lives.flatMap((life, index): PlanBuffer[] => {
    const place = { region: options.region, offset: best.packing.offsets[index]! };
    if (life.tensors.length === 0)
      return [{ ...place, tensor: null, bytes: life.bytes, first: life.first, last: life.last }];
    return tensorLives(graph, order, life.tensors).map((span) => ({ ...place, ...span }));
  });
  return {
    graph: graph.name,
    objective: options.objective,
    input: options.input,
    order,
    buffers,
    arenaBytes,
    lowerBoundBytes,
    provenOptimal: arenaBytes === lowerBoundBytes,
    family: "whole tensors, the file's operator order, in place where an operator allows it",
    macs: graph.ops.reduce((sum, op) => sum + defOf(op).macs(viewOp(graph, op)), 0),
    extraMacs: 0,
    scratchBytes: Math.max(
      0,
      ...best.lives.filter((life) => life.tensors.length === 0).map((life) => life.bytes),
    ),
  };
}

/** Each tensor's own life within the memory that it shares. */
function tensorLives(graph: Graph, order: readonly number[], ids: readonly number[]) {
  const own = new Map(
    lifetimes(graph, order, { inPlace: false }).flatMap((life) =>
      life.tensors.map((id) => [id, life] as const),
    ),
  );
  return ids.map((id) => {
    const { bytes, first, last } = own.get(id)!;
    return { tensor: id, bytes, first, last };
  });
}
