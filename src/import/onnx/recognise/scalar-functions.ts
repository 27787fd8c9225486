/**
 * Activations that exporters write as several nodes, recognised by what they compute: the nodes between a value and a
 * result are evaluated at sample points and compared with the functions that reflow has as one operator.
 */
import { erfc } from '../../../ops/erfc.js';
import { type Constant, constantOf, numbersOf } from '../constant.js';
import { NodeRefusal } from '../fault.js';
import { foldNode } from '../fold.js';
import { type AttributeValue, numberOf, type OnnxNode } from '../node.js';
import type { ModelView } from './model-view.js';

interface Known {
  readonly opType: string;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  readonly compute: (x: number) => number;
}

const approximate = (value: string) => new Map([['approximate', { kind: 'text', value } as const]]);

const known: readonly Known[] = [
  { opType: 'Gelu', attributes: approximate('none'), compute: (x) => 0.5 * x * erfc(-x * Math.SQRT1_2) },
  {
    opType: 'Gelu',
    attributes: approximate('tanh'),
    compute: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  },
  { opType: 'HardSwish', attributes: new Map(), compute: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6 },
  // PyTorch passes what is beyond 20 on as it is; so does this to the last bit of float32.
  {
    opType: 'Softplus',
    attributes: new Map(),
    compute: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  },
];

/** Around the corners of all these functions, and where they are straight. */
const samples = [-25, -7.3, -3.1, -2.9, -1.7, -0.8, -0.31, 0, 0.22, 0.9, 1.4, 2.2, 2.9, 3.1, 4.6, 7.7, 25];

const inner = new Set(
  'Add Sub Mul Div Pow Neg Exp Log Sqrt Tanh Erf Sigmoid Relu Reciprocal Abs Min Max Clip HardSigmoid Softplus Greater GreaterOrEqual Less LessOrEqual Where Identity Cast'.split(
    ' ',
  ),
);

const outermost = new Set(['Mul', 'Div', 'Where', 'Log', 'Add']);

/** Nodes between a value and the result; more are no activation. */
const mostNodes = 12;

/** The one node that computes what `root` computes, from a value further up; null when it is none of the known functions. */
export function scalarFunction(view: ModelView, root: OnnxNode): OnnxNode | null {
  if (!outermost.has(root.opType)) return null;
  for (const source of sources(view, root)) {
    const values = evaluate(view, root, source);
    const found =
      values && known.find(({ compute }) => samples.every((x, at) => isNear(values[at]!, compute(x))));
    if (found) return { ...root, opType: found.opType, inputs: [source], attributes: found.attributes };
  }
  return null;
}

function isNear(value: number, wanted: number): boolean {
  return Math.abs(value - wanted) <= 2e-6 + 2e-6 * Math.abs(wanted);
}

/** Values that the result may be a function of, nearest first. */
function sources(view: ModelView, root: OnnxNode): string[] {
  const found: string[] = [];
  let front = [root];
  for (let depth = 0; depth < mostNodes && front.length > 0; depth++) {
    const names = front.flatMap(({ inputs }) => inputs.filter((name) => name !== '' && !view.constant(name)));
    const fresh = [...new Set(names)].filter((name) => !found.includes(name));
    found.push(...fresh);
    if (found.length > mostNodes) break;
    front = fresh.flatMap((name) => {
      const node = view.writer(name);
      return node && inner.has(node.opType) ? [node] : [];
    });
  }
  return found;
}

/** The result at the sample points; null when it depends on more than the source, or on more than single numbers. */
function evaluate(view: ModelView, root: OnnxNode, source: string): number[] | null {
  const values = new Map<string, Constant>([[source, constantOf('float32', [samples.length], samples)]]);
  let budget = mostNodes;
  const find = (name: string): Constant | null => {
    const there = values.get(name);
    if (there) return there;
    const constant = view.constant(name);
    if (constant) return numbersOf(constant).length === 1 ? constant : null;
    const node = view.writer(name);
    if (!node || !inner.has(node.opType) || budget-- <= 0) return null;
    const made = compute(node, find);
    if (made) values.set(name, made);
    return made;
  };
  const result = compute(root, find);
  return result && result.shape.at(-1) === samples.length ? numbersOf(result) : null;
}

function compute(node: OnnxNode, find: (name: string) => Constant | null): Constant | null {
  const inputs = node.inputs.map((name) => (name === '' ? null : find(name)));
  if (inputs.some((input, index) => input === null && node.inputs[index] !== '')) return null;
  const [x] = inputs;
  if (!x) return null;
  const onEach = (change: (value: number) => number) =>
    constantOf('float32', x.shape, numbersOf(x).map(change));
  const limit = (index: number, fallback: number) =>
    inputs[index] ? numbersOf(inputs[index])[0]! : fallback;
  switch (node.opType) {
    case 'Erf':
      return onEach((value) => 1 - erfc(value));
    case 'Clip':
      return onEach((value) => Math.min(Math.max(value, limit(1, -Infinity)), limit(2, Infinity)));
    case 'HardSigmoid':
      return onEach((value) =>
        Math.min(Math.max(numberOf(node, 'alpha', 0.2) * value + numberOf(node, 'beta', 0.5), 0), 1),
      );
    case 'Softplus':
      return onEach((value) => Math.log1p(Math.exp(value)));
    case 'Identity':
      return x;
    default:
      return folded(
        node,
        inputs.filter((input) => input !== null),
      );
  }
}

/** What cannot be folded is no activation. */
function folded(node: OnnxNode, inputs: readonly Constant[]): Constant | null {
  try {
    return foldNode(node, inputs);
  } catch (error) {
    if (error instanceof NodeRefusal) return null;
    throw error;
  }
}
