/**
 * Attention without keys and values: less memory, more multiplications, and other roundings. Not among the passes that every network
 * goes through, since results change.
 */
import type { Graph } from '../ir/graph.js';
import { findUnsupported } from '../ops/index.js';
import { withMlpTiles } from './mlp-tiles.js';

/** Blocks that cannot run so stay as they are. */
export function withoutKeys(graph: Graph): Graph {
  const ops = graph.ops.map((op) => {
    if (op.kind !== 'attention_block') return op;
    const free = { ...op, kind: 'attention_kv_free', label: 'ATTENTION_KV_FREE' };
    return findUnsupported({ ...graph, ops: [free] }).length === 0 ? free : op;
  });
  return withMlpTiles({ ...graph, ops });
}
