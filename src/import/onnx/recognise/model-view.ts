/** A model as recognisers look at it: who computes a value, who reads it, what is constant. */
import type { Constant } from '../constant.js';
import { foldNode } from '../fold.js';
import { type Readers, readersOf } from '../integer-nodes.js';
import type { OnnxModel } from '../model.js';
import { type OnnxNode, tensorAttribute } from '../node.js';

export interface ModelView extends Readers {
  readonly nodes: readonly OnnxNode[];
  writer(name: string): OnnxNode | null;
  constant(name: string): Constant | null;
}

export function viewModel(model: OnnxModel): ModelView {
  const writers = new Map(
    model.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)),
  );
  const constants = new Map<string, Constant | null>(model.constants);
  const constant = (name: string): Constant | null => {
    const known = constants.get(name);
    if (known !== undefined) return known;
    const made = constantFrom(writers.get(name) ?? null, constants);
    constants.set(name, made);
    return made;
  };
  // In order, so that what a constant is made of is known before it.
  for (const node of model.nodes) if (node.outputs[0]) constant(node.outputs[0]);
  return {
    nodes: model.nodes,
    writer: (name) => writers.get(name) ?? null,
    onlyReader: readersOf(model).onlyReader,
    constant,
  };
}

/** What a node of constants gives; null for what is no shape arithmetic or scalar. */
function constantFrom(
  node: OnnxNode | null,
  constants: ReadonlyMap<string, Constant | null>,
): Constant | null {
  if (!node) return null;
  if (node.opType === 'Constant') return tensorAttribute(node, 'value');
  const inputs = node.inputs.map((name) => constants.get(name) ?? null);
  if (inputs.length === 0 || inputs.some((input) => input === null || input.data.length > 8)) return null;
  return node.opType === 'Identity' ? inputs[0]! : foldNode(node, inputs as Constant[]);
}
