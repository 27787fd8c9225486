/** Small vision transformers for tests, as one operator a block and as single layers. */
import { prepareGraph } from '../src/flow/compile-graph.js';
import { NetworkWriter, scaleFor } from '../src/import/arch/network-writer.js';
import { importArchitecture, parseArchitecture } from '../src/import/arch.js';
import { checkGraph } from '../src/ir/check.js';
import type { Graph } from '../src/ir/graph.js';
import { dropUnused } from '../src/passes/drop-unused.js';
import { resolveShapes } from '../src/passes/resolve-shapes.js';

/** A network of the search space with random weights, as an architecture file describes it. */
export function transformer(name: string, fields: object): Graph {
  const text = JSON.stringify({ architecture: 'vision-transformer', ...fields });
  return importArchitecture(parseArchitecture(new TextEncoder().encode(text), name), name);
}

/** Blocks as one operator each. */
export function fused(graph: Graph): Graph {
  return prepareGraph(graph);
}

/** The same network layer by layer: the reference. */
export function layerByLayer(graph: Graph): Graph {
  const plain = dropUnused(resolveShapes(graph));
  checkGraph(plain);
  return { ...plain, name: `${graph.name}_layers` };
}

/** Shapes in which heads, widths, ratios and numbers of tokens differ, small enough for a moment's work. */
export const smallTransformers: readonly object[] = [
  { image: 32, patch: 8, dim: 32, heads: 2, headDim: 16, depth: 2, classes: 10 },
  {
    image: 24,
    patch: 8,
    dim: 24,
    heads: [3, 1],
    headDim: 8,
    mlpRatio: [2, 3.5],
    classes: 5,
    readout: 'mean',
  },
  {
    image: 30,
    patch: 8,
    dim: 40,
    heads: [1, 2, 3],
    headDim: 16,
    mlpRatio: [3, 1, 2.2],
    activation: 'silu',
    classes: 7,
  },
  { image: 56, patch: 8, dim: 16, heads: 1, headDim: 64, depth: 1, activation: 'gelu-sigmoid', classes: 9 },
  {
    image: 20,
    patch: 4,
    dim: 48,
    heads: 3,
    headDim: 16,
    depth: 1,
    activation: 'gelu-tanh',
    classes: 11,
    seed: 9,
  },
];

/** An attention block as PyTorch exports it: one dense layer for queries, keys and values, which are sliced out of its outputs. */
export function packedAttention(name: string): Graph {
  const [tokens, dim, heads, headDim] = [9, 24, 3, 8];
  const writer = new NetworkWriter(name, 5);
  const image = writer.input([1, 3, 3, dim]);
  const x = writer.reshape('x', image, [1, tokens, dim]);
  const all = writer.linear('qkv', writer.layerNorm('norm', x), 3 * heads * headDim, 1);
  const split = writer.reshape('split', all, [1, tokens, 3, heads, headDim]);
  const role = (index: number) => {
    const bounds = [
      writer.ints(`begin${index}`, [0, 0, index, 0, 0]),
      writer.ints(`size${index}`, [1, tokens, 1, heads, headDim]),
    ];
    const shape = [1, tokens, 1, heads, headDim];
    const part = writer.op('slice', `part${index}`, [split, ...bounds], shape, writer.quant(split), {});
    const order = writer.ints(`order${index}`, [0, 2, 3, 1, 4]);
    const turned = [1, 1, heads, tokens, headDim];
    const moved = writer.op('transpose', `turned${index}`, [part, order], turned, writer.quant(part), {});
    return writer.reshape(`role${index}`, moved, [1, heads, tokens, headDim]);
  };
  const [q, k, v] = [role(0), role(1), role(2)];
  const turned = writer.op(
    'transpose',
    'kt',
    [k, writer.ints('kt.order', [0, 1, 3, 2])],
    [1, heads, headDim, tokens],
    writer.quant(k),
    {},
  );
  const plain = { adjX: false, adjY: false };
  const squares = [1, heads, tokens, tokens];
  const scores = writer.op('batch_matmul', 'scores', [q, turned], squares, scaleFor(3), plain);
  const unit = { scales: [1 / 256], zeroPoints: [-128], axis: null };
  const shares = writer.op('softmax', 'softmax', [scores], squares, unit, { beta: 0.35 });
  const mixed = writer.op(
    'batch_matmul',
    'mix',
    [shares, v],
    [1, heads, tokens, headDim],
    scaleFor(0.4),
    plain,
  );
  const merged = writer.reshape('merge', writer.swapAxes('unite', mixed), [1, tokens, heads * headDim]);
  return writer.build(image, writer.add('add', x, writer.linear('proj', merged, dim, 0.5, 0.4), 1.2));
}
