/**
 * The ONNX project's operator tests (tools/onnx-vectors/node_tests.py): each is imported, compiled with the reference
 * kernels, run on this machine and compared.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReflowError } from '../src/base/error.js';
import { planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { type Constant, numbersOf } from '../src/import/onnx/constant.js';
import { inForm } from '../src/import/onnx/form.js';
import { readConstant } from '../src/import/onnx/tensor-data.js';
import { decodeModel, decodeTensor } from '../src/import/onnx/wire.js';
import { type ImportedOnnx, importOnnx } from '../src/import/onnx.js';
import { checkGraph } from '../src/ir/check.js';
import { HostProgram, type RunnableNetwork, repositoryRoot } from './host-runner.js';
import { planOptions } from './plan-options.js';

interface NodeCase {
  readonly name: string;
  readonly model: string;
  readonly sets: readonly { readonly inputs: readonly string[]; readonly outputs: readonly string[] }[];
}

/** How a test ended: equal, equal with all inputs but the first bound as constants, different, or refused. */
export interface Outcome {
  readonly name: string;
  readonly kind: 'passed' | 'bound' | 'failed' | 'refused';
  /** Where it differs, or why it was refused. */
  readonly reason: string;
}

interface Prepared extends RunnableNetwork {
  readonly imported: ImportedOnnx;
  /** Names of the inputs that the network still has, as positions in the test's list. */
  readonly inputs: readonly number[];
  readonly bound: boolean;
}

/** Where the set-up writes the tests (tools/setup/onnx-tests.mjs). */
export const nodeTestFolder = join(repositoryRoot, '.reflow/onnx-node-tests');

/** The node types that have tests. */
export function testedTypes(): string[] {
  return readdirSync(nodeTestFolder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.replace('.json', ''))
    .sort();
}

export function readCases(type: string): NodeCase[] {
  return JSON.parse(readFileSync(join(nodeTestFolder, `${type}.json`), 'utf8'));
}

/** Every test of one node type. */
export async function runNodeTests(type: string): Promise<Outcome[]> {
  const cases = readCases(type);
  const prepared = cases.map((one, index) => prepare(one, `${type.toLowerCase()}_${index}`));
  const runnable = prepared.filter((one): one is Prepared => typeof one !== 'string');
  const program = runnable.length > 0 ? await HostProgram.compile(runnable) : null;
  try {
    return cases.map((one, index) => {
      const made = prepared[index]!;
      if (typeof made === 'string') return { name: one.name, kind: 'refused', reason: made };
      const reason = one.sets
        .map((set) => runSet(program!, runnable.indexOf(made), made, set))
        .find((text) => text !== null);
      if (reason !== undefined && reason !== null) return { name: one.name, kind: 'failed', reason };
      return { name: one.name, kind: made.bound ? 'bound' : 'passed', reason: '' };
    });
  } finally {
    program?.close();
  }
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

/** The network of a test, or why there is none: as it is, else with all inputs but the first as constants. */
function prepare(one: NodeCase, name: string): Prepared | string {
  const model = bytesOf(one.model);
  const names = decodeModel(model).graph!.input.map((input) => input.name);
  const first = attempt(model, name, names, false);
  if (typeof first !== 'string' || names.length < 2 || one.sets.length !== 1) return first;
  const constants = one.sets[0]!.inputs.slice(1).map(bytesOf);
  const second = attempt(Buffer.concat([model, ...constants.map(asInitializer)]), name, names, true);
  return second;
}

function attempt(
  model: Uint8Array,
  name: string,
  names: readonly string[],
  bound: boolean,
): Prepared | string {
  try {
    const imported = importOnnx(model, name);
    checkGraph(imported.graph);
    const graph = prepareGraph(imported.graph);
    const inputs = imported.graph.inputs.map((id) => names.indexOf(imported.graph.tensors[id]!.name));
    return { imported, graph, plan: planNetwork(graph, planOptions), inputs, bound };
  } catch (error) {
    if (error instanceof ReflowError) return error.message.replace(/^.*?operators that cannot run: /, '');
    throw error;
  }
}

/** Protobuf merges what is appended: a ModelProto with only field 7, a GraphProto with only field 5, this tensor. */
function asInitializer(tensor: Uint8Array): Uint8Array {
  const field = (tag: number, payload: Uint8Array) => {
    const length: number[] = [];
    for (let rest = payload.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return Buffer.concat([Uint8Array.of(tag, ...length), payload]);
  };
  return field(0x3a, field(0x2a, tensor));
}

function constantFrom(base64: string): Constant {
  return readConstant(decodeTensor(bytesOf(base64)), 'a test tensor', () => null);
}

/** Null when every output is as wanted. */
function runSet(
  program: HostProgram,
  index: number,
  made: Prepared,
  set: NodeCase['sets'][number],
): string | null {
  const { imported, inputs } = made;
  const raw = inputs.map(
    (at, position) => inForm(constantFrom(set.inputs[at]!), imported.inputForms[position]!).data,
  );
  const { outputs } = program.run(index, raw);
  for (const [at, actual] of outputs.entries()) {
    const form = imported.outputForms[at]!;
    const wanted = constantFrom(set.outputs[at]!);
    const tensor = made.graph.tensors[made.graph.outputs[at]!]!;
    if (tensor.dtype !== wanted.dtype) return `output ${at} is ${tensor.dtype} instead of ${wanted.dtype}`;
    if (tensor.shape.join() !== inForm(wanted, form).shape.join())
      return `output ${at} is [${tensor.shape}] instead of [${wanted.shape}]`;
    const text = difference({ ...wanted, shape: tensor.shape, data: actual }, inForm(wanted, form));
    if (text) return `output ${at}: ${text}`;
  }
  return null;
}

/** The tolerance of the ONNX project's own runner: 1e-3 relative; absolute 1e-5 for what is near zero. */
function difference(actual: Constant, wanted: Constant): string | null {
  const [a, b] = [numbersOf(actual), numbersOf(wanted)];
  const tolerance = (value: number) => (wanted.dtype === 'float32' ? 1e-5 + 1e-3 * Math.abs(value) : 0);
  const at = a.findIndex(
    (value, index) =>
      !(
        Object.is(value, b[index]) ||
        value === b[index] ||
        Math.abs(value - b[index]!) <= tolerance(b[index]!)
      ),
  );
  return at < 0 ? null : `element ${at} is ${a[at]} instead of ${b[at]}`;
}
