/**
 * .onnx bytes to a Graph. `import` is pure. The file's nodes are lowered one after the other to operators of ours; shapes
 * are worked out and constants folded on the way, and images turn from NCHW to NHWC by carrying along where each axis
 * lies, so that elements move only where an operator wants another order (`onnx/form.ts`).
 */
import { ReflowError } from '../base/error.js';
import type { Graph } from '../ir/graph.js';
import type { DType, TensorId } from '../ir/tensor.js';
import { findUnsupported } from '../ops/index.js';
import { damaged, NodeRefusal } from './onnx/fault.js';
import { foldNode } from './onnx/fold.js';
import { type Form, formShape, isImage, plainForm } from './onnx/form.js';
import { inputForm } from './onnx/input-form.js';
import { integerTarget, type Readers, readersOf } from './onnx/integer-nodes.js';
import { type ElementType, Lowering, sameType, type Value } from './onnx/lowering.js';
import { type InputShapes, type OnnxModel, readModel } from './onnx/model.js';
import type { OnnxNode } from './onnx/node.js';
import { lowerOf } from './onnx/operators/index.js';
import { recognise } from './onnx/recognise/index.js';
import type { ExternalReader } from './onnx/tensor-data.js';

export { externalFiles, type InputShapes } from './onnx/model.js';
export type { ExternalReader } from './onnx/tensor-data.js';

export interface OnnxOptions {
  /** For inputs whose shapes the file leaves open. */
  readonly shapes?: InputShapes;
  /** Files beside the .onnx file. */
  readonly external?: ExternalReader;
}

/** A graph, and where the axes of the file's inputs and outputs lie in its tensors. */
export interface ImportedOnnx {
  readonly graph: Graph;
  readonly inputForms: readonly Form[];
  readonly outputForms: readonly Form[];
}

/** Whether the bytes begin as exporters begin an .onnx file: field 1, the IR version, then any field of ModelProto. */
export function isOnnx(bytes: Uint8Array): boolean {
  const [tag = 0, version = 0, next = 0x12] = bytes;
  const fields = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72];
  return tag === 0x08 && version > 0 && version < 32 && fields.includes(next);
}

/**
 * Parses an .onnx file. Nodes that cannot run become operators of kind `onnx:<type>` with the reason in their attributes.
 * Throws ReflowError E_MODEL_FORMAT for damaged files, dynamic shapes, opsets and domains that reflow does not know.
 * @param name the graph's name, a valid C identifier
 */
export function importOnnx(bytes: Uint8Array, name: string, options: OnnxOptions = {}): ImportedOnnx {
  try {
    return lowerModel(readModel(bytes, name, options.shapes ?? {}, options.external ?? (() => null)), name);
  } catch (error) {
    // What a node is not to blame for, e.g. an output without elements. Then what hostile numbers can still provoke beyond the checks: lengths that no array has, recursion without end.
    if (error instanceof NodeRefusal)
      throw new ReflowError('E_UNSUPPORTED', `${name}: ${error.message}`, error.hint, { cause: error });
    if (error instanceof RangeError || error instanceof TypeError)
      throw damaged(`${name}.onnx is damaged: ${error.message}`, error);
    throw error;
  }
}

function lowerModel(stated: OnnxModel, name: string): ImportedOnnx {
  const model = recognise(stated);
  const net = new Lowering(usesOf(model), 1 + Math.max(-1, ...stated.nodes.map(({ index }) => index)));
  const inputForms = model.inputs.map((input) => inputForm(model, input));
  const inputs = model.inputs.map(({ name: input, dtype, shape }, index) => {
    const tensor = net.tensor(input, { dtype, quant: null }, formShape(inputForms[index]!, shape), null);
    net.define(input, { ...net.computed(tensor, inputForms[index]!, shape), exclusive: false });
    return tensor;
  });
  for (const [constantName, constant] of model.constants) net.define(constantName, net.known(constant));
  const readers = readersOf(model);
  for (const node of model.nodes) lowerNode(net, node, model, readers);
  net.enter(null, null);
  const ends = model.outputs.map((output) => outputOf(net, output, model, inputs));
  const outputs = ends.map(({ tensor }) => tensor);
  const graph = Object.freeze({ name, tensors: net.tensors, ops: net.ops, inputs, outputs });
  return { graph, inputForms, outputForms: ends.map(({ form }) => form) };
}

/** How often each name is read; being an output counts as once. */
function usesOf({ nodes, outputs }: OnnxModel): Map<string, number> {
  const uses = new Map<string, number>();
  for (const name of [...nodes.flatMap(({ inputs }) => inputs), ...outputs])
    uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}

function lowerNode(net: Lowering, node: OnnxNode, model: OnnxModel, readers: Readers): void {
  const values = inIntegers(net, node, readers) ?? onReals(net, node, model);
  node.outputs.forEach((output, index) => {
    if (output === '') return;
    const value =
      values[index] ??
      opaque(net, node, model, 'this output is not supported', 'export the network without it')[index];
    net.define(output, value!);
  });
}

/** A node between quantised values in the integer arithmetic of our kernels; null where that is not possible. */
function inIntegers(net: Lowering, node: OnnxNode, readers: Readers): readonly Value[] | null {
  const mark = net.mark();
  try {
    net.enter(null, null);
    const target = integerTarget(net, node, readers);
    const lower = target && lowerOf(node.opType);
    if (!lower) return null;
    net.enter(node, target);
    const values = lower(node, net).map((value) => inType(net, value, target));
    const before = new Set(mark.ops);
    const made = net.ops.filter((op) => !before.has(op));
    const { tensors } = net;
    if (findUnsupported({ name: '', tensors, ops: made, inputs: [], outputs: [] }).length === 0)
      return values;
  } catch (error) {
    if (!(error instanceof NodeRefusal || (error instanceof ReflowError && error.code === 'E_GRAPH')))
      throw error;
  }
  net.undo(mark);
  return null;
}

/** What has kept the scale of its operand, or has one that its kernel fixes, gets the wanted one. */
function inType(net: Lowering, value: Value, type: ElementType): Value {
  if (sameType(value, type)) return value;
  const { tensor, form } = net.placeOf(value);
  return net.computed(net.requantised(tensor, type), form, value.shape);
}

function onReals(net: Lowering, node: OnnxNode, model: OnnxModel): readonly Value[] {
  net.enter(node, null);
  try {
    const folded = foldNode(node, knownInputs(net, node));
    if (folded) return [net.known(folded)];
    const lower = lowerOf(node.opType);
    if (lower) return lower(node, net);
    throw new NodeRefusal(
      'reflow has no kernel for it',
      'replace it by supported operators, or fold it before export',
    );
  } catch (error) {
    if (error instanceof NodeRefusal || (error instanceof ReflowError && error.code === 'E_GRAPH'))
      return opaque(net, node, model, error.message, error.hint);
    throw error;
  }
}

/** The inputs of a node that is computed at import; none where an input is not known. */
function knownInputs(net: Lowering, node: OnnxNode) {
  const values = node.inputs.map((_, index) => net.optional(node, index));
  const constants = values.flatMap((value) => value?.constant ?? []);
  return constants.length === values.length ? constants : [];
}

/** An operator that cannot run in place of a node; its outputs have the shapes that the file states, else its input's. */
function opaque(net: Lowering, node: OnnxNode, model: OnnxModel, reason: string, hint: string): Value[] {
  const operands = node.inputs.flatMap((_, index) => net.optional(node, index) ?? []);
  const computed = operands.filter(({ constant }) => !constant);
  const inputs = computed.map((value) => net.placeOf(value).tensor);
  return node.outputs.map((output) => {
    const fallback = computed[0] ?? { dtype: 'float32' as const, shape: [1] };
    const { dtype, shape } = model.stated.get(output) ?? fallback;
    const made = net.emit(
      `onnx:${node.opType}`,
      inputs,
      shape.length > 0 ? shape : [1],
      { dtype, quant: null },
      { reason, hint },
    );
    return net.computed(made, plainForm(shape.length), shape);
  });
}

/** An output as a tensor of its own: images stay NHWC, everything else is in ONNX's order. */
function outputOf(
  net: Lowering,
  name: string,
  model: OnnxModel,
  inputs: readonly TensorId[],
): { tensor: TensorId; form: Form } {
  const value = asStated(net, net.value(name), model.stated.get(name)?.dtype);
  const rank = value.shape.length;
  const image = !value.constant && !value.reshapeOf && isImage(net.formOf(value), rank);
  const form = image ? (rank === 3 ? [0, 2, 1] : net.formOf(value)) : plainForm(rank);
  return { tensor: net.output(name, net.tensorIn(value, form), inputs), form };
}

/** A quantised output that the file calls uint8 is one, although everything inside is int8. */
function asStated(net: Lowering, value: Value, dtype: DType | undefined): Value {
  if (dtype !== 'uint8' || value.dtype !== 'int8' || !value.quant || value.constant) return value;
  const quant = { ...value.quant, zeroPoints: value.quant.zeroPoints.map((zero) => zero + 128) };
  return inType(net, value, { dtype, quant });
}
