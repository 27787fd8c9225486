/** Which memory holds the weights of each operator, and which of them are worth a copy in a fast RAM. */
import type { Graph, OpId } from '../ir/graph.js';
import { tensorOf } from '../ir/graph.js';
import { tensorBytes } from '../ir/tensor.js';
import { callsOf } from '../ops/index.js';
import { type ConstArray, type CStruct, type CValue, type KernelCall, viewOp } from '../ops/op-def.js';
import { trafficOf } from './memory-traffic.js';
import type { Plan, PlanWeights } from './plan.js';

/** A memory that may hold weights. */
export interface WeightMemory {
  readonly name: string;
  /** What is left in it for weights. */
  readonly roomBytes: number;
  /** Of the core, to read a byte of it. */
  readonly cyclesPerByte: number;
}

export interface WeightMemories {
  /** Those that are flashed, in the board's order; each operator's weights lie in the first that has room, the most read first. */
  readonly flashed: readonly WeightMemory[];
  /** RAM for copies of what is read most; empty where copies are not wanted. */
  readonly copies: readonly WeightMemory[];
}

/** Operators that are not named have their weights in the first memory. What fits nowhere stays there too, where it does not fit. */
export function placeWeights(graph: Graph, plan: Plan, { flashed, copies }: WeightMemories): PlanWeights[] {
  const all = weightsOf(graph, plan);
  const left = flashed.map(({ roomBytes }) => roomBytes);
  const spare = copies.map(({ roomBytes }) => roomBytes);
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  return all.flatMap(({ op, bytes, moved }) => {
    const fits = total <= flashed[0]!.roomBytes ? 0 : left.findIndex((room) => alignedBytes(bytes) <= room);
    const home = Math.max(0, fits);
    left[home]! -= alignedBytes(bytes);
    // The start-up code copies before anything but the internal flash can be read.
    const copy = home === 0 ? copyFor(copies, spare, flashed[0]!, { bytes, moved }) : -1;
    if (copy >= 0) spare[copy]! -= alignedBytes(bytes);
    if (home === 0 && copy < 0) return [];
    return [{ op, bytes, memory: flashed[home]!.name, copy: copy < 0 ? null : copies[copy]!.name }];
  });
}

interface Weights {
  readonly op: OpId;
  readonly bytes: number;
  /** What one inference reads of them. */
  readonly moved: number;
}

/** Position of the cheapest memory that has room for a copy and repays it within one inference; -1 when there is none. */
function copyFor(
  copies: readonly WeightMemory[],
  spare: readonly number[],
  home: WeightMemory,
  { bytes, moved }: Omit<Weights, 'op'>,
): number {
  const saved = ({ cyclesPerByte }: WeightMemory) => moved * (home.cyclesPerByte - cyclesPerByte);
  const pays = [...copies.keys()].filter(
    (i) => alignedBytes(bytes) <= spare[i]! && saved(copies[i]!) > bytes * home.cyclesPerByte,
  );
  pays.sort((a, b) => copies[a]!.cyclesPerByte - copies[b]!.cyclesPerByte || a - b);
  return pays[0] ?? -1;
}

/** Arrays start at words. */
function alignedBytes(bytes: number): number {
  return bytes + arraySlack;
}

/** An operator has a few arrays at most. */
const arraySlack = 16;

/** Operators with weights, the most read for their size first; ties in the graph's order. */
function weightsOf(graph: Graph, plan: Plan): Weights[] {
  const { weights } = trafficOf(graph, plan.kernelSets);
  const all = graph.ops.flatMap((op) => {
    const calls = callsOf(viewOp(graph, op), plan.kernelSets);
    const bytes = calls.reduce((sum, call) => sum + weightBytesOf(graph, call), 0);
    return bytes === 0 ? [] : [{ op: op.id, bytes, moved: Math.max(bytes, weights.get(op.id) ?? 0) }];
  });
  return all.sort((a, b) => b.moved / b.bytes - a.moved / a.bytes || a.op - b.op);
}

function weightBytesOf(graph: Graph, call: KernelCall): number {
  const operands = call.reads.map((id) => tensorOf(graph, id)).filter(({ data }) => data !== null);
  const arrays = arraysOf(call.params).filter(({ weight }) => weight);
  return (
    operands.reduce((sum, tensor) => sum + tensorBytes(tensor), 0) +
    arrays.reduce((sum, { values }) => sum + values.byteLength, 0)
  );
}

function arraysOf(struct: CStruct): ConstArray[] {
  const within = (value: CValue): ConstArray[] => {
    if (typeof value === 'number' || 'float' in value || 'plane' in value) return [];
    if ('array' in value) return value.array ? [value.array] : [];
    return 'list' in value ? value.list.flatMap(within) : arraysOf(value.struct);
  };
  return Object.values(struct).flatMap(within);
}

/**
 * Most bytes that the program around the weights takes of the flash: firmware, kernels, parameters, tables and derived
 * constants. An estimate on the safe side; the true number is known after linking.
 */
export function codeBytesAtMost(graph: Graph, plan: Plan): number {
  const calls = graph.ops.flatMap((op) => callsOf(viewOp(graph, op), plan.kernelSets));
  const kernels = new Set(calls.map(({ file }) => file)).size;
  const derived = calls.flatMap(({ params }) => arraysOf(params)).filter(({ weight }) => !weight);
  const constants = derived.reduce((sum, { values }) => sum + values.byteLength + arraySlack, 0);
  const { firmware, kernel, operator } = codeBytes;
  // A turn is a byte, a row's place two.
  return firmware + kernel * kernels + operator * graph.ops.length + 3 * plan.steps.length + constants;
}

/** Of the firmware 9 KB are usual, of a kernel 2 KB, of an operator's parameters and descriptions 300 bytes. */
const codeBytes = { firmware: 12_288, kernel: 4_096, operator: 512 };
