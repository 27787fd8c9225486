/**
 * Which nodes between DequantizeLinear and QuantizeLinear run in integers: those whose operands are dequantised integers
 * or constants with a scale, and whose result nobody but a QuantizeLinear reads, perhaps through a Relu or Clip.
 */
import type { ElementType, Lowering } from './lowering.js';
import type { OnnxModel } from './model.js';
import type { OnnxNode } from './node.js';
import { quantisedType } from './operators/quantise.js';

/** Node types that have integer kernels, and the positions of the operands that must be integers. */
const operands: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Add', 'Sub', 'Mul', 'Div', 'PRelu', 'Max', 'Min'].map(
    (type) => [type, [0, 1]] as const,
  ),
  ...(
    'Relu Clip LeakyRelu Sigmoid Tanh HardSigmoid HardSwish Erf Gelu Elu Exp Log Sqrt Abs Neg Softmax MaxPool AveragePool GlobalAveragePool ' +
    'GlobalMaxPool ReduceMean ReduceSum ReduceMax ReduceMin Reshape Flatten Squeeze Unsqueeze Transpose Identity Dropout ' +
    'Slice Gather Pad Tile Expand DepthToSpace SpaceToDepth Resize'
  )
    .split(' ')
    .map((type) => [type, [0]] as const),
]);

export interface Readers {
  /** The node that alone reads a value; null when there are several or the value is an output. */
  onlyReader(name: string): OnnxNode | null;
}

export function readersOf({ nodes, outputs }: Pick<OnnxModel, 'nodes' | 'outputs'>): Readers {
  const readers = new Map<string, OnnxNode[]>();
  for (const node of nodes)
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  const ends = new Set(outputs);
  return {
    onlyReader: (name) =>
      readers.get(name)?.length === 1 && !ends.has(name) ? readers.get(name)![0]! : null,
  };
}

/** The quantised type of a node's result when it can run in integers; null when it runs on real numbers. */
export function integerTarget(net: Lowering, node: OnnxNode, readers: Readers): ElementType | null {
  const positions =
    node.opType === 'Concat' ? node.inputs.map((_, index) => index) : operands.get(node.opType);
  if (!positions || !node.outputs[0] || node.outputs.slice(1).some((name) => name !== '')) return null;
  const values = positions.map((index) => net.optional(node, index));
  const ready = values.every((value) => value?.realOf || value?.constant?.stored || isInteger(value));
  if (!ready || values.every((value) => value?.constant)) return null;
  const quantizer = quantizerBehind(node, readers);
  if (!quantizer) return null;
  const type = quantisedType(quantizer, net, values[0]!.shape.length);
  return type.quant!.scales.length === 1 && type.dtype !== 'int32' ? type : null;
}

/** An integer already: what a node gave that is followed by a Relu or Clip. */
function isInteger(value: { quant: ElementType['quant']; constant: unknown } | null): boolean {
  return value?.quant != null && value.constant === null;
}

function quantizerBehind(node: OnnxNode, readers: Readers): OnnxNode | null {
  const reader = readers.onlyReader(node.outputs[0]!);
  if (reader?.opType === 'QuantizeLinear') return reader;
  const clamps =
    (reader?.opType === 'Relu' || reader?.opType === 'Clip') && reader.inputs[0] === node.outputs[0];
  const behind = clamps ? readers.onlyReader(reader.outputs[0]!) : null;
  return behind?.opType === 'QuantizeLinear' ? behind : null;
}
