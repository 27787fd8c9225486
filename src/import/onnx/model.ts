/** An .onnx file as checked plain values: nodes in an order that computes, constants, inputs with their shapes. */
import { ReflowError } from '../../base/error.js';
import { type DType, elementCount, maxTensorBytes } from '../../ir/tensor.js';
import type { Constant } from './constant.js';
import { damaged } from './fault.js';
import type { AttributeValue, OnnxNode } from './node.js';
import { sortNodes } from './sort-nodes.js';
import { dtypeOf, type ExternalReader, externalLocation, readConstant, typeName } from './tensor-data.js';
import {
  type AttributeProto,
  decodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type ValueInfoProto,
} from './wire.js';

/** Shapes for inputs whose own are dynamic, by name of the input. */
export type InputShapes = Readonly<Record<string, readonly number[]>>;

export interface OnnxInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, Constant>;
  readonly inputs: readonly OnnxInput[];
  readonly outputs: readonly string[];
  /** What the file says of shapes between, where it says anything; used for nodes that cannot run. */
  readonly stated: ReadonlyMap<string, { readonly dtype: DType; readonly shape: readonly number[] }>;
  /** Version of the standard operators. */
  readonly opset: number;
}

/** Versions of the standard operators that are known: 13 is the first with today's Softmax, 28 is of ONNX 1.23. */
export const [oldestOpset, newestOpset] = [13, 28];

const maxNodes = 65_536;
const standardDomains = new Set(['', 'ai.onnx']);

/** Names of the files beside the .onnx file that hold data of its tensors. Throws like `readModel` for damaged files. */
export function externalFiles(bytes: Uint8Array, name: string): string[] {
  const { graph } = decoded(bytes, name);
  const tensors = [
    ...(graph?.initializer ?? []),
    ...(graph?.node ?? []).flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? [])),
  ];
  return [...new Set(tensors.flatMap((tensor) => externalLocation(tensor) ?? []))];
}

/** @throws ReflowError E_MODEL_FORMAT, and E_INPUT for shapes that do not belong to the file's inputs */
export function readModel(
  bytes: Uint8Array,
  name: string,
  shapes: InputShapes,
  external: ExternalReader,
): OnnxModel {
  const model = decoded(bytes, name);
  const { graph } = model;
  if (!graph) throw damaged(`${name}.onnx has no graph`);
  const opset = opsetOf(model, name);
  if (graph.node.length > maxNodes)
    throw damaged(`${name}.onnx has ${graph.node.length} nodes; at most ${maxNodes} make sense`);
  if (graph.sparseInitializer.length > 0)
    throw damaged(`${name}.onnx has sparse constants, which reflow does not read`);
  const nodes = graph.node.map((node, index) => readNode(node, index, model, external));
  const constants = new Map(
    graph.initializer.map((tensor) => [tensor.name, readConstant(tensor, `tensor ${tensor.name}`, external)]),
  );
  const inputs = readInputs(graph, constants, shapes);
  const outputs = graph.output.map((output) => output.name);
  if (outputs.length === 0) throw damaged(`${name}.onnx has no outputs`);
  const known = [...inputs.map((input) => input.name), ...constants.keys()];
  return {
    nodes: sortNodes(nodes, known, outputs),
    constants,
    inputs,
    outputs,
    stated: statedTypes(graph),
    opset,
  };
}

function decoded(bytes: Uint8Array, name: string): ModelProto {
  try {
    return decodeModel(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw damaged(`${name}.onnx is damaged: ${reason}`, error);
  }
}

function opsetOf(model: ModelProto, name: string): number {
  const stated = model.opsetImport.find(({ domain }) => standardDomains.has(domain));
  if (!stated) throw damaged(`${name}.onnx does not say which version of the standard operators it uses`);
  const opset = Number(stated.version);
  if (opset >= oldestOpset && opset <= newestOpset) return opset;
  throw new ReflowError(
    'E_MODEL_FORMAT',
    `${name}.onnx uses opset ${opset}; reflow reads opset ${oldestOpset} to ${newestOpset}`,
    opset < oldestOpset ? 'export it with opset 17' : 'export it with an older opset, e.g. 17',
  );
}

function readNode(node: NodeProto, index: number, model: ModelProto, external: ExternalReader): OnnxNode {
  const { name, opType, input: inputs, output: outputs } = node;
  if (!standardDomains.has(node.domain)) {
    const local = model.functions.some((made) => made.name === opType && made.domain === node.domain);
    throw new ReflowError(
      'E_MODEL_FORMAT',
      `node ${index} (${opType} ${name}) is of the domain ${node.domain}; reflow knows the standard operators only`,
      local
        ? 'inline the functions of the file (onnx.inliner) before giving it to reflow'
        : 'export the network with standard operators only',
    );
  }
  const where = `node ${index} (${opType} ${name})`;
  const attributes = new Map(node.attribute.map((made) => [made.name, readAttribute(made, where, external)]));
  return { index, name, opType, inputs, outputs, attributes };
}

function readAttribute(attribute: AttributeProto, where: string, external: ExternalReader): AttributeValue {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  switch (attribute.type) {
    case 1:
      return { kind: 'number', value: attribute.f };
    case 2:
      return { kind: 'number', value: Number(attribute.i) };
    case 3:
      return { kind: 'text', value: text(attribute.s) };
    case 4:
      if (!attribute.t) throw damaged(`${where} has no tensor in its attribute ${attribute.name}`);
      return { kind: 'tensor', value: readConstant(attribute.t, where, external) };
    case 6:
      return { kind: 'numbers', value: attribute.floats };
    case 7:
      return { kind: 'numbers', value: attribute.ints.map(Number) };
    default:
      return { kind: 'other' };
  }
}

function readInputs(
  graph: GraphProto,
  constants: ReadonlyMap<string, Constant>,
  shapes: InputShapes,
): OnnxInput[] {
  const inputs = graph.input.filter(({ name }) => !constants.has(name));
  const stranger = Object.keys(shapes).find((name) => !inputs.some((input) => input.name === name));
  if (stranger !== undefined)
    throw new ReflowError(
      'E_INPUT',
      `the network has no input ${stranger}; it has ${inputs.map(({ name }) => name).join(', ')}`,
      'give --shape with the name of an input',
    );
  return inputs.map((info) => ({
    name: info.name,
    dtype: inputType(info),
    shape: inputShape(info, shapes[info.name]),
  }));
}

function inputType({ name, type }: ValueInfoProto): DType {
  if (!type?.tensorType) throw damaged(`the input ${name} is no tensor`);
  const dtype = dtypeOf(type.tensorType.elemType);
  if (dtype) return dtype;
  throw new ReflowError(
    'E_UNSUPPORTED',
    `the input ${name} is ${typeName(type.tensorType.elemType)}`,
    'export the network with float32 inputs',
  );
}

function inputShape(info: ValueInfoProto, given: readonly number[] | undefined): readonly number[] {
  const { name } = info;
  const dims = (info.type?.tensorType?.shape?.dim ?? []).map(({ dimValue, dimParam }) =>
    dimParam === '' && dimValue > 0n ? Number(dimValue) : dimParam || '?',
  );
  if (!given) {
    if (!info.type?.tensorType?.shape || dims.some((dim) => typeof dim === 'string'))
      throw new ReflowError(
        'E_MODEL_FORMAT',
        `the input ${name} has the dynamic shape [${dims.join(', ')}]`,
        `say which it is, e.g. --shape ${name}=${dims.map((dim) => (typeof dim === 'string' ? 1 : dim)).join('x') || '1x3x224x224'}`,
      );
    const shape = dims.map(Number);
    if (elementCount(shape) > maxTensorBytes)
      throw damaged(`the input ${name} claims to be larger than 2 GiB`);
    return shape;
  }
  const fits =
    given.length === dims.length &&
    given.every(
      (dim, axis) =>
        Number.isInteger(dim) && dim > 0 && (typeof dims[axis] === 'string' || dims[axis] === dim),
    ) &&
    elementCount(given) <= maxTensorBytes;
  if (fits || (!info.type?.tensorType?.shape && given.length > 0)) return given;
  throw new ReflowError(
    'E_INPUT',
    `the shape ${given.join('x')} does not fit the input ${name}, which is [${dims.join(', ')}]`,
    'give a shape with the same number of dimensions, equal where the network fixes them',
  );
}

function statedTypes(graph: GraphProto): OnnxModel['stated'] {
  return new Map(
    [...graph.valueInfo, ...graph.output].flatMap(({ name, type }) => {
      const dtype = type?.tensorType ? dtypeOf(type.tensorType.elemType) : null;
      const shape = type?.tensorType?.shape?.dim.map(({ dimValue }) => Number(dimValue));
      return dtype && shape?.every((dim) => dim > 0 && dim <= maxTensorBytes)
        ? [[name, { dtype, shape }] as const]
        : [];
    }),
  );
}
