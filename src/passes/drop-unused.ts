/** Removes operators whose results nobody uses. */
import type { Graph } from '../ir/graph.js';

export function dropUnused(graph: Graph): Graph {
  const wanted = new Set<number>(graph.outputs);
  const ops = graph.ops
    .toReversed()
    .filter((op) => {
      if (!op.outputs.some((id) => wanted.has(id))) return false;
      for (const id of op.inputs) if (id !== null) wanted.add(id);
      return true;
    })
    .toReversed();
  return { ...graph, ops };
}
