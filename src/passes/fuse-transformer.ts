/**
 * Makes one operator of each attention and each MLP block of an int8 transformer, so that it can run in the place of its tokens, and
 * one of what makes tokens of an image, so that it can run row by row. The results stay the same bit for bit.
 */
import { type Graph, type Op, tensorOf } from '../ir/graph.js';
import type { Tensor, TensorId } from '../ir/tensor.js';
import { findUnsupported } from '../ops/index.js';
import { perTensor } from '../ops/quantise.js';
import { withMlpTiles } from './mlp-tiles.js';
import {
  type AttentionLayers,
  type EmbeddingLayers,
  type MlpLayers,
  PatternFinder,
  type TransformerLayers,
} from './transformer-pattern.js';

export function fuseTransformer(graph: Graph): Graph {
  const finder = new PatternFinder(graph);
  const tensors = [...graph.tensors];
  const gone = new Set<Op>();
  const made = new Map<Op, Op>();
  for (const add of graph.ops) {
    const block = finder.blockOf(add);
    if (!block) continue;
    const fused = blockOp(graph, tensors, block);
    if (findUnsupported({ ...graph, tensors, ops: [fused] }).length > 0) continue;
    for (const op of block.ops) gone.add(op);
    made.set(add, fused);
  }
  if (made.size === 0) return graph;
  const ops = graph.ops.flatMap((op) => made.get(op) ?? (gone.has(op) ? [] : [op]));
  return withMlpTiles({ ...graph, tensors, ops });
}

/** @param tensors takes the constants that are cut out of others */
function blockOp(graph: Graph, tensors: Tensor[], block: TransformerLayers): Op {
  switch (block.kind) {
    case 'attention':
      return attentionOp(graph, tensors, block);
    case 'mlp':
      return mlpOp(graph, block);
    case 'embedding':
      return embeddingOp(block);
  }
}

function embeddingOp({ input, positions, classToken, add }: EmbeddingLayers): Op {
  const inputs = [input, positions, classToken];
  return { id: add.id, kind: 'embed_tokens', label: 'TOKENS', inputs, outputs: add.outputs, attrs: {} };
}

function attentionOp(graph: Graph, tensors: Tensor[], block: AttentionLayers): Op {
  const { heads, width, norm, query, key, value, scores, softmax, mix, project, add, input } = block;
  const roles = [query, key, value];
  const weights = roles.flatMap(({ linear, first }) =>
    weightsOf(linear).map((id) => (id === null ? null : rowsOf(tensors, id, first, width))),
  );
  return {
    id: add.id,
    kind: 'attention_block',
    label: 'ATTENTION',
    inputs: [input, norm.inputs[1]!, norm.inputs[2]!, ...weights, ...weightsOf(project)],
    outputs: add.outputs,
    attrs: {
      heads,
      beta: softmax.attrs.beta!,
      epsilon: norm.attrs.epsilon!,
      ...scalesOf(graph, [norm, ...roles.map(({ linear }) => linear), scores, mix, project]),
    },
  };
}

function mlpOp(graph: Graph, block: MlpLayers): Op {
  const { norm, expand, activation, contract, add, input } = block;
  return {
    id: add.id,
    kind: 'mlp_block',
    label: 'MLP',
    inputs: [input, norm.inputs[1]!, norm.inputs[2]!, ...[expand, contract].flatMap(weightsOf)],
    outputs: add.outputs,
    attrs: {
      activation: activation.kind,
      approximate: activation.attrs.approximate ?? false,
      slope: activation.attrs.slope ?? 1,
      epsilon: norm.attrs.epsilon!,
      tile: 1,
      ...scalesOf(graph, [norm, expand, activation, contract]),
    },
  };
}

function weightsOf({ inputs }: Op): (TensorId | null)[] {
  return [inputs[1]!, inputs[2] ?? null];
}

/** Rows `first` to first + count - 1 of a constant: itself, or a new one. */
function rowsOf(tensors: Tensor[], id: TensorId, first: number, count: number): TensorId {
  const whole = tensors[id]!;
  const rows = whole.shape[0]!;
  if (whole.data === null || (first === 0 && count === rows)) return id;
  const rowBytes = whole.data.length / rows;
  const cut = (list: readonly number[]) => (list.length === 1 ? list : list.slice(first, first + count));
  const quant = whole.quant && {
    ...whole.quant,
    scales: cut(whole.quant.scales),
    zeroPoints: cut(whole.quant.zeroPoints),
  };
  const data = whole.data.subarray(first * rowBytes, (first + count) * rowBytes);
  const name = `${whole.name}[${first}:${first + count}]`;
  tensors.push({ ...whole, id: tensors.length, name, shape: whole.shape.with(0, count), quant, data });
  return tensors.length - 1;
}

/** Of the operators' results; one that has no single scale makes an operator that is refused. */
function scalesOf(graph: Graph, ops: readonly Op[]): { scales: number[]; zeroPoints: number[] } {
  const tensors = ops.map((op) => tensorOf(graph, op.outputs[0]!));
  const quants = tensors.map((tensor) =>
    tensor.quant?.scales.length === 1 ? perTensor(tensor) : { scale: 0, zeroPoint: 0 },
  );
  return { scales: quants.map(({ scale }) => scale), zeroPoints: quants.map(({ zeroPoint }) => zeroPoint) };
}
