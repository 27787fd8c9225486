/** From the bytes of a network to a checked plan: the pure part of the compile, one line a stage. */
import { ReflowError } from '../base/error.js';
import { importArchitecture, isArchitecture, parseArchitecture } from '../import/arch.js';
import { importOnnx, isOnnx, type OnnxOptions } from '../import/onnx.js';
import { importRfq, isRfq } from '../import/rfq.js';
import { importTflite, isTflite } from '../import/tflite.js';
import { checkGraph } from '../ir/check.js';
import { type Graph, tensorOf } from '../ir/graph.js';
import { maxRank } from '../ops/broadcast.js';
import { findUnsupported } from '../ops/index.js';
import { simplify } from '../passes/index.js';
import { withoutKeys } from '../passes/without-keys.js';
import { checkPlan } from '../plan/check-plan.js';
import type { Plan } from '../plan/plan.js';
import { type MemoryPlanOptions, planInMemories } from '../plan/plan-memories.js';
import type { AttentionChoice } from './requests.js';

export type NetworkFormat = 'tflite' | 'onnx' | 'architecture' | 'rfq';

/** The file format of a network by its content; throws ReflowError E_MODEL_FORMAT for anything else. */
export function formatOf(bytes: Uint8Array, name: string): NetworkFormat {
  if (isArchitecture(bytes)) return 'architecture';
  if (isRfq(bytes)) return 'rfq';
  if (isTflite(bytes)) return 'tflite';
  if (isOnnx(bytes)) return 'onnx';
  throw new ReflowError(
    'E_MODEL_FORMAT',
    `${name} is neither a .tflite nor an .onnx file`,
    'give a TensorFlow Lite, ONNX or architecture file',
  );
}

/**
 * Bytes to a legal Graph, operators as the file has them.
 * @param options for .onnx files: shapes of inputs that the file leaves open, and the files beside it
 */
export function importNetwork(bytes: Uint8Array, name: string, options: OnnxOptions = {}): Graph {
  const graph = graphOf(bytes, name, options);
  checkGraph(graph);
  return graph;
}

function graphOf(bytes: Uint8Array, name: string, options: OnnxOptions): Graph {
  switch (formatOf(bytes, name)) {
    case 'architecture':
      return importArchitecture(parseArchitecture(bytes, name), name);
    case 'rfq':
      return importRfq(bytes, name);
    case 'tflite':
      return importTflite(bytes, name);
    case 'onnx':
      return importOnnx(bytes, name, options).graph;
  }
}

/** A graph that can run, simplified. Throws E_UNSUPPORTED with every operator that cannot. */
export function prepareGraph(imported: Graph, attention: AttentionChoice = 'exact'): Graph {
  const simple = simplify(imported);
  const graph = attention === 'kv-free' ? withoutKeys(simple) : simple;
  checkGraph(graph);
  refuseEnds(graph);
  const unsupported = findUnsupported(graph);
  if (unsupported.length > 0) {
    const list = unsupported.map(({ index, op, reason }) => `${index} ${op}: ${reason}`).join('; ');
    throw new ReflowError(
      'E_UNSUPPORTED',
      `${graph.name} has operators that cannot run: ${list}`,
      unsupported[0]!.hint,
    );
  }
  return graph;
}

/** Inputs and outputs live in the arena, where a constant has no place and no tensor more dimensions than rf.h describes. */
function refuseEnds(graph: Graph): void {
  const refuse = (message: string, hint: string): never => {
    throw new ReflowError('E_UNSUPPORTED', `${graph.name}: ${message}`, hint);
  };
  for (const tensor of [...graph.inputs, ...graph.outputs].map((id) => tensorOf(graph, id))) {
    const what = `tensor ${tensor.id} (${tensor.name})`;
    if (tensor.data !== null)
      refuse(`its output ${what} is a constant`, 'take it out of the outputs; its value is known');
    if (tensor.shape.length > maxRank)
      refuse(
        `${what} has ${tensor.shape.length} dimensions; at most ${maxRank} are supported`,
        'reshape it in the network',
      );
  }
}

/** The checked plan of a prepared graph. One that lies in a single memory may be too large for it. */
export function planNetwork(graph: Graph, options: MemoryPlanOptions): Plan {
  const plan = planInMemories(graph, options);
  const spread = plan.regions.length > 1;
  checkPlan(
    graph,
    plan,
    spread ? new Map(options.memories?.map(({ name, roomBytes }) => [name, roomBytes])) : null,
  );
  return plan;
}
