/**
 * How many bytes of each tensor, scratch and set of weights one inference moves: what decides which of them deserve a fast memory.
 * A model, not a measurement: each multiply-accumulate reads one activation and one weight; a kernel with working memory
 * gathers its input there once and reads it from there; everything else is read or written once.
 */
import type { Graph, OpId } from '../ir/graph.js';
import { tensorOf } from '../ir/graph.js';
import { dtypeBytes, type TensorId, tensorBytes } from '../ir/tensor.js';
import { callsOf, defOf } from '../ops/index.js';
import { type KernelSet, viewOp } from '../ops/op-def.js';
import type { Plan } from './plan.js';

/** What one inference spends on reaching its buffers, cycles: each tensor and scratch at the price of its memory, by name. */
export function accessCycles(graph: Graph, plan: Plan, cyclesPerByte: ReadonlyMap<string, number>): number {
  const { tensors, scratch } = trafficOf(graph, plan.kernelSets);
  const seen = new Map<string, number>();
  for (const { tensor, scratchOf, region } of plan.buffers) {
    const moved = tensor === null ? scratch.get(scratchOf ?? -1) : tensors.get(tensor);
    const key = tensor === null ? `scratch ${scratchOf}` : `tensor ${tensor}`;
    seen.set(key, (moved ?? 0) * (cyclesPerByte.get(region) ?? 0));
  }
  return [...seen.values()].reduce((sum, cycles) => sum + cycles, 0);
}

/** Bytes that one inference reads and writes. */
export interface Traffic {
  readonly tensors: ReadonlyMap<TensorId, number>;
  readonly scratch: ReadonlyMap<OpId, number>;
  /** Of the weights of each operator that has some. */
  readonly weights: ReadonlyMap<OpId, number>;
}

export function trafficOf(graph: Graph, kernelSets: readonly KernelSet[]): Traffic {
  const [tensors, scratch, weights] = [new Map<number, number>(), new Map<number, number>(), new Map()];
  const add = (map: Map<number, number>, key: number, bytes: number) =>
    map.set(key, (map.get(key) ?? 0) + bytes);
  for (const op of graph.ops) {
    const view = viewOp(graph, op);
    const macs = defOf(op).macs(view);
    const gathers = callsOf(view, kernelSets).some((call) => call.scratchBytes > 0);
    const inputs = op.inputs.flatMap((id) => (id === null ? [] : [tensorOf(graph, id)]));
    const computed = inputs.filter(({ data }) => data === null);
    const constant = inputs.filter(({ data }) => data !== null);
    for (const [position, tensor] of computed.entries()) {
      const once = tensorBytes(tensor);
      const macBytes = position === 0 && !gathers ? macs * dtypeBytes[tensor.dtype] : 0;
      add(tensors, tensor.id, Math.max(once, macBytes));
    }
    for (const id of op.outputs) add(tensors, id, tensorBytes(tensorOf(graph, id)));
    const [head] = computed;
    if (gathers && head) add(scratch, op.id, tensorBytes(head) + macs * dtypeBytes[head.dtype]);
    const [main] = constant;
    if (!main) continue;
    const rest = constant.slice(1).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
    add(weights, op.id, Math.max(tensorBytes(main), macs * dtypeBytes[main.dtype]) + rest);
  }
  return { tensors, scratch, weights };
}
