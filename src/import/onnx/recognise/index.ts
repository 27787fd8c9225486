/**
 * Replaces groups of nodes by the one operator that they are the parts of: GELU in both forms, HardSwish, Softplus, layer
 * norm. SiLU (sigmoid and product), squeeze-excite and attention run as their parts.
 */
import type { OnnxModel } from '../model.js';
import type { OnnxNode } from '../node.js';
import { layerNorm } from './layer-norm.js';
import { viewModel } from './model-view.js';
import { scalarFunction } from './scalar-functions.js';

/** The model with the operators in place; nodes that nothing needs any more are gone. */
export function recognise(model: OnnxModel): OnnxModel {
  const view = viewModel(model);
  const changed = new Map<OnnxNode, OnnxNode>();
  for (const node of model.nodes) {
    const norm = layerNorm(view, node);
    if (norm) changed.set(norm.last, norm.made);
    const made = scalarFunction(view, node);
    if (made) changed.set(node, made);
  }
  if (changed.size === 0) return model;
  const nodes = model.nodes.map((node) => changed.get(node) ?? node);
  return { ...model, nodes: needed(nodes, model.outputs) };
}

/** The nodes that an output depends on, in their order. */
function needed(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const wanted = new Set(outputs);
  return nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((output) => wanted.has(output))) return false;
      for (const input of node.inputs) wanted.add(input);
      return true;
    })
    .toReversed();
}
