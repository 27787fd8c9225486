/** The passes, in order. Each takes a legal Graph and returns a new one that computes the same outputs. */
import type { Graph } from '../ir/graph.js';
import { dropUnused } from './drop-unused.js';
import { foldPads } from './fold-pads.js';
import { foldScoreScale } from './fold-score-scale.js';
import { fuseTransformer } from './fuse-transformer.js';
import { resolveShapes } from './resolve-shapes.js';

export const passes: readonly ((graph: Graph) => Graph)[] = [
  resolveShapes,
  foldPads,
  foldScoreScale,
  fuseTransformer,
  dropUnused,
];

/** Runs every pass. */
export function simplify(graph: Graph): Graph {
  return passes.reduce((current, pass) => pass(current), graph);
}
