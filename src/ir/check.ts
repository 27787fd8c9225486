/** The grammar of a legal Graph, checked after import and after every pass. It knows nothing of operators. */
import { ReflowError } from '../base/error.js';
import type { Graph } from './graph.js';
import { maxTensorBytes, tensorBytes } from './tensor.js';

/**
 * Throws ReflowError E_GRAPH unless every tensor is written once before it is read, constants are never written, ids are
 * positions, no tensor is beyond 2 GiB, data has the size of its shape, and the graph has outputs that are computed.
 */
export function checkGraph(graph: Graph): void {
  const bad = (message: string): never => {
    throw new ReflowError(
      'E_GRAPH',
      `${graph.name}: ${message}`,
      'export the network again; its graph is not well formed',
    );
  };
  graph.tensors.forEach((tensor, index) => {
    if (tensor.id !== index) bad(`tensor ${index} calls itself ${tensor.id}`);
    if (tensor.shape.some((dim) => !Number.isInteger(dim) || dim < 1))
      bad(`tensor ${index} has shape [${tensor.shape}]`);
    if (tensorBytes(tensor) > maxTensorBytes) bad(`tensor ${index} is larger than 2 GiB`);
    if (tensor.data !== null && tensor.data.length !== tensorBytes(tensor))
      bad(`tensor ${index} has data of the wrong size`);
  });
  const ready = new Set<number>();
  for (const id of graph.inputs) {
    if (!graph.tensors[id]) bad(`input ${id} does not exist`);
    if (graph.tensors[id]!.data !== null) bad(`input ${id} is a constant`);
    if (ready.has(id)) bad(`input ${id} is listed twice`);
    ready.add(id);
  }
  const opIds = new Set<number>();
  for (const op of graph.ops) {
    const where = `operator ${op.id} (${op.label})`;
    if (opIds.has(op.id)) bad(`${where} is there twice`);
    opIds.add(op.id);
    for (const id of op.inputs) {
      if (id === null) continue;
      const tensor = graph.tensors[id];
      if (!tensor) bad(`${where} reads tensor ${id}, which does not exist`);
      else if (tensor.data === null && !ready.has(id))
        bad(`${where} reads tensor ${id} before anything has written it`);
    }
    for (const id of op.outputs) {
      const tensor = graph.tensors[id];
      if (!tensor) bad(`${where} writes tensor ${id}, which does not exist`);
      else if (tensor.data !== null) bad(`${where} writes tensor ${id}, which is a constant`);
      if (ready.has(id)) bad(`${where} writes tensor ${id} a second time`);
      ready.add(id);
    }
  }
  if (graph.outputs.length === 0) bad('it has no outputs');
  for (const id of graph.outputs) {
    if (!graph.tensors[id]) bad(`output ${id} does not exist`);
    if (!ready.has(id) && graph.tensors[id]!.data === null) bad(`output ${id} is never computed`);
  }
}
