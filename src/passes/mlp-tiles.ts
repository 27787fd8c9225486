/** Gives every MLP block as many tokens at a time as fit into the memory that attention needs anyway. */
import { type Graph, type Op, tensorOf } from '../ir/graph.js';
import { type AttentionBlockAttrs, attentionShape } from '../ops/attention-block.js';
import { attentionWorkBytes, kvFreeWorkBytes, mlpTile } from '../ops/block-memory.js';
import { type OpView, viewOp } from '../ops/op-def.js';

const workBytes: { readonly [kind: string]: typeof attentionWorkBytes } = {
  attention_block: attentionWorkBytes,
  attention_kv_free: kvFreeWorkBytes,
};

export function withMlpTiles(graph: Graph): Graph {
  const needs = graph.ops.flatMap((op) => {
    const work = workBytes[op.kind];
    return work ? [work(attentionShape(viewOp(graph, op) as OpView<AttentionBlockAttrs>))] : [];
  });
  const room = Math.max(0, ...needs);
  return { ...graph, ops: graph.ops.map((op) => (op.kind === 'mlp_block' ? tiled(graph, op, room) : op)) };
}

function tiled(graph: Graph, op: Op, room: number): Op {
  const [tokens = 1, dim = 1] = tensorOf(graph, op.outputs[0]!).shape.slice(-2);
  const hidden = tensorOf(graph, op.inputs[3]!).shape[0]!;
  return { ...op, attrs: { ...op.attrs, tile: mlpTile({ tokens, dim, hidden }, room) } };
}
