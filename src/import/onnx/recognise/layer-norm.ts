/** LayerNormalization over the last axis, which exporters wrote as nine nodes before opset 17. */
import { type Constant, numbersOf } from '../constant.js';
import { listOf, numberOf, type OnnxNode } from '../node.js';
import type { ModelView } from './model-view.js';

/** The one node in place of the last of those that `div` is the core of; null when they compute something else. */
export function layerNorm(
  view: ModelView,
  div: OnnxNode,
): { readonly last: OnnxNode; readonly made: OnnxNode } | null {
  if (div.opType !== 'Div') return null;
  const [centred = '', root = ''] = div.inputs;
  const source = centredOn(view, centred);
  const epsilon = source === null ? null : epsilonOf(view, root, centred);
  const scaling = epsilon === null ? null : operandOf(view, div, 'Mul');
  const shifting = scaling && operandOf(view, scaling.node, 'Add');
  if (source === null || epsilon === null || !scaling || !shifting) return null;
  const attributes = new Map([
    ['axis', { kind: 'number', value: -1 } as const],
    ['epsilon', { kind: 'number', value: epsilon } as const],
  ]);
  const inputs = [source, scaling.operand, shifting.operand];
  return {
    last: shifting.node,
    made: { ...shifting.node, opType: 'LayerNormalization', inputs, attributes },
  };
}

/** x of a value that is x - mean(x). */
function centredOn(view: ModelView, name: string): string | null {
  const sub = view.writer(name);
  const [x, mean] = sub?.opType === 'Sub' ? sub.inputs : [];
  return x !== undefined && mean !== undefined && meanOf(view, mean) === x ? x : null;
}

/** What a value is the mean of, along the last axis, which stays as one of length 1. */
function meanOf(view: ModelView, name: string): string | null {
  const node = view.writer(name);
  if (node?.opType !== 'ReduceMean' || numberOf(node, 'keepdims', 1) !== 1) return null;
  const input = node.inputs[1] ? view.constant(node.inputs[1]) : null;
  const axes = input ? numbersOf(input) : listOf(node, 'axes');
  return axes?.join() === '-1' ? node.inputs[0]! : null;
}

/** Epsilon of a value that is sqrt(mean(centred squared) + epsilon). */
function epsilonOf(view: ModelView, name: string, centred: string): number | null {
  const sqrt = view.writer(name);
  const add = sqrt?.opType === 'Sqrt' ? view.writer(sqrt.inputs[0]!) : null;
  const [variance, epsilon] = add?.opType === 'Add' ? add.inputs : [];
  const square = variance === undefined ? null : meanOf(view, variance);
  const node = square === null ? null : view.writer(square);
  const power = node?.opType === 'Pow' ? view.constant(node.inputs[1]!) : null;
  const squares =
    node?.inputs[0] === centred &&
    ((power && numbersOf(power).join() === '2') || (node.opType === 'Mul' && node.inputs[1] === centred));
  const constant = squares && epsilon !== undefined ? view.constant(epsilon) : null;
  return constant ? (numbersOf(constant)[0] ?? null) : null;
}

/** The only reader of a node's result when it is of this type and its other operand a constant vector. */
function operandOf(
  view: ModelView,
  node: OnnxNode,
  opType: string,
): { node: OnnxNode; operand: string } | null {
  const output = node.outputs[0]!;
  const reader = view.onlyReader(output);
  if (reader?.opType !== opType) return null;
  const operand = reader.inputs.find((name) => name !== output);
  const constant: Constant | null = operand === undefined ? null : view.constant(operand);
  return operand !== undefined && constant?.shape.length === 1 ? { node: reader, operand } : null;
}
