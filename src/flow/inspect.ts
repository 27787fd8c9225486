/** What is in a network's file, and every operator that cannot run. */
import { type Graph, type Op, tensorOf } from '../ir/graph.js';
import { elementCount, type Tensor, tensorBytes } from '../ir/tensor.js';
import { findUnsupported, knownDef } from '../ops/index.js';
import { viewOp } from '../ops/op-def.js';
import { simplify } from '../passes/index.js';
import { type NetworkFile, readNetwork } from './network-file.js';
import type { Inspect } from './requests.js';
import type { InspectResult, OpInfo, TensorInfo } from './results.js';

export const inspect: Inspect = async (request) => inspectNetwork(await readNetwork(request));

/** Of a graph as it was imported; what folds away (shape arithmetic) is listed but never unsupported. */
export function inspectNetwork({ graph, modelHash, format }: NetworkFile): InspectResult {
  const unsupported = findUnsupported(simplify(graph));
  const unusable = new Set(unsupported.map(({ index }) => index));
  const ops = graph.ops.map((op) => opInfo(graph, op, !unusable.has(op.id)));
  const constants = constantsOf(graph);
  return {
    network: graph.name,
    modelHash,
    format,
    ops,
    macs: ops.reduce((sum, op) => sum + op.macs, 0),
    params: constants.reduce((sum, tensor) => sum + elementCount(tensor.shape), 0),
    weightBytes: constants.reduce((sum, tensor) => sum + tensorBytes(tensor), 0),
    inputs: graph.inputs.map((id) => tensorInfo(tensorOf(graph, id))),
    outputs: graph.outputs.map((id) => tensorInfo(tensorOf(graph, id))),
    unsupported,
  };
}

function constantsOf(graph: Graph): Tensor[] {
  const ids = new Set(graph.ops.flatMap((op) => op.inputs));
  return graph.tensors.filter((tensor) => tensor.data !== null && ids.has(tensor.id));
}

function opInfo(graph: Graph, op: Op, usable: boolean): OpInfo {
  const def = usable ? knownDef(op) : null;
  const constants = op.inputs.flatMap((id) =>
    id === null || tensorOf(graph, id).data === null ? [] : [tensorOf(graph, id)],
  );
  return {
    index: op.id,
    kind: op.kind,
    label: op.label,
    outputShape: op.outputs[0] === undefined ? [] : tensorOf(graph, op.outputs[0]).shape,
    macs: def?.macs(viewOp(graph, op)) ?? 0,
    params: constants.reduce((sum, tensor) => sum + elementCount(tensor.shape), 0),
  };
}

export function tensorInfo({ name, dtype, shape, quant }: Tensor): TensorInfo {
  const single = quant?.scales.length === 1 ? quant : null;
  return { name, dtype, shape, scale: single?.scales[0] ?? null, zeroPoint: single?.zeroPoints[0] ?? null };
}
