/** The sizes of the transformer in a graph whose blocks are one operator each. */
import type { Graph } from '../ir/graph.js';
import { type AttentionBlockAttrs, attentionShape } from '../ops/attention-block.js';
import { type MlpBlockAttrs, mlpShape } from '../ops/mlp-block.js';
import { type OpView, viewOp } from '../ops/op-def.js';
import type { McuformerNetwork } from '../plan/mcuformer.js';

/** Null when the graph has no attention block followed by an MLP block. */
export function transformerOf(graph: Graph): McuformerNetwork | null {
  const views = (kind: string) => graph.ops.filter((op) => op.kind === kind).map((op) => viewOp(graph, op));
  const attention = views('attention_block').map((view) =>
    attentionShape(view as OpView<AttentionBlockAttrs>),
  );
  const mlp = views('mlp_block').map((view) => mlpShape(view as OpView<MlpBlockAttrs>));
  const first = attention[0];
  if (!first || mlp.length !== attention.length) return null;
  const { tokens, dim } = first;
  const blocks = attention.map(({ width }, index) => ({ width, hidden: mlp[index]!.hidden }));
  return { tokens, dim, blocks, attentionRank: dim, mlpRank: dim };
}
