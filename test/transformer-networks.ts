/** Small vision transformers for tests, as one operator a block and as single layers. */
import { prepareGraph } from '../src/flow/compile-graph.js';
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
