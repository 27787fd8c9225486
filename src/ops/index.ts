/** The operators that reflow knows: one line each. */

import { ReflowError } from '../base/error.js';
import type { Graph, Op } from '../ir/graph.js';
import { abs, neg } from './abs.js';
import { add, sub } from './add.js';
import { argMax, argMin } from './arg-max.js';
import { attentionBlock } from './attention-block.js';
import { attentionKvFree } from './attention-kv-free.js';
import { batchMatmul } from './batch-matmul.js';
import { maxRank } from './broadcast.js';
import { cast } from './cast.js';
import { concatenation, pack } from './concatenation.js';
import { conv2d } from './conv2d.js';
import { depthToSpace, spaceToDepth } from './depth-space.js';
import { depthwiseConv2d } from './depthwise-conv2d.js';
import { div } from './div.js';
import { embedTokens } from './embed-tokens.js';
import { erf } from './erf.js';
import { maximum, minimum } from './extremum.js';
import { ceil, cos, floor, round, sin, square } from './float-function.js';
import { fullyConnected } from './fully-connected.js';
import { gather } from './gather.js';
import { hardSigmoid } from './hard-sigmoid.js';
import { hardSwish } from './hard-swish.js';
import { layerNorm } from './layer-norm.js';
import { leakyRelu, prelu } from './leaky-relu.js';
import { mirrorPad } from './mirror-pad.js';
import { mlpBlock } from './mlp-block.js';
import { mul } from './mul.js';
import {
  type CValue,
  type KernelCall,
  type KernelSet,
  type OpDef,
  type OpView,
  type Refusal,
  type TensorType,
  viewOp,
} from './op-def.js';
import { pad } from './pad.js';
import { averagePool2d, maxPool2d } from './pool2d.js';
import { pow } from './pow.js';
import { dequantize, quantize } from './quantize.js';
import { range } from './range.js';
import { mean, sum } from './reduce.js';
import { reduceMax, reduceMin } from './reduce-extremum.js';
import { reduceProd } from './reduce-prod.js';
import { firstRefusal } from './refusal.js';
import { relu, relu0To1, relu6, reluN1To1 } from './relu.js';
import { reshape } from './reshape.js';
import { resizeBilinear, resizeNearestNeighbor } from './resize.js';
import { reverse } from './reverse.js';
import { rank, shape } from './shape.js';
import { logistic, tanh } from './sigmoid.js';
import { silu } from './silu.js';
import { slice, stridedSlice } from './slice.js';
import { softmax } from './softmax.js';
import { batchToSpace, spaceToBatch } from './space-to-batch.js';
import { split, splitV, unpack } from './split.js';
import { rsqrt, sqrt } from './sqrt.js';
import { squaredDifference } from './squared-difference.js';
import { elu, exp, gelu, log } from './table-function.js';
import { broadcastTo, fill, tile } from './tile.js';
import { transpose } from './transpose.js';
import { transposeConv } from './transpose-conv.js';
import { zerosLike } from './zeros-like.js';

export const opDefs: readonly OpDef[] = [
  abs,
  add,
  argMax,
  argMin,
  attentionBlock,
  attentionKvFree,
  averagePool2d,
  batchMatmul,
  batchToSpace,
  broadcastTo,
  cast,
  ceil,
  concatenation,
  conv2d,
  cos,
  depthToSpace,
  depthwiseConv2d,
  dequantize,
  div,
  elu,
  embedTokens,
  erf,
  exp,
  fill,
  floor,
  fullyConnected,
  gather,
  gelu,
  hardSigmoid,
  hardSwish,
  layerNorm,
  leakyRelu,
  log,
  logistic,
  maximum,
  maxPool2d,
  mean,
  minimum,
  mirrorPad,
  mlpBlock,
  mul,
  neg,
  pack,
  pad,
  pow,
  prelu,
  quantize,
  range,
  rank,
  reduceMax,
  reduceMin,
  reduceProd,
  relu,
  relu0To1,
  relu6,
  reluN1To1,
  reshape,
  resizeBilinear,
  resizeNearestNeighbor,
  reverse,
  round,
  rsqrt,
  shape,
  silu,
  sin,
  slice,
  softmax,
  spaceToBatch,
  spaceToDepth,
  split,
  splitV,
  sqrt,
  square,
  squaredDifference,
  stridedSlice,
  sub,
  sum,
  tanh,
  tile,
  transpose,
  transposeConv,
  unpack,
  zerosLike,
];

const byKind = new Map(opDefs.map((def) => [def.kind, def]));
const byBuiltin = new Map(
  opDefs.flatMap((def) =>
    def.tflite.map((binding) => [binding.builtin, { kind: def.kind, binding }] as const),
  ),
);

/** How a builtin operator of TFLite is read; null when reflow does not know it. */
export function tfliteBinding(builtin: number) {
  return byBuiltin.get(builtin) ?? null;
}

/** The definition of an operator, or null when reflow does not know it. */
export function knownDef(op: Op): OpDef | null {
  return byKind.get(op.kind) ?? null;
}

/** The definition of an operator that `findUnsupported` accepted. */
export function defOf(op: Op): OpDef {
  const def = knownDef(op);
  if (!def)
    throw new ReflowError(
      'E_UNSUPPORTED',
      `operator ${op.id} (${op.label}) is not supported`,
      'run `reflow inspect` for the whole list',
    );
  return def;
}

/**
 * The kernel calls of an operator: those of the set that was asked for, or of the first in `sets` that has any; the reference
 * ones in the end.
 */
export function callsOf(view: OpView, sets: readonly KernelSet[]): readonly KernelCall[] {
  const { kernelSet } = view.op;
  const set = kernelSet ? sets.find((name) => name === kernelSet) : undefined;
  for (const name of set ? [set] : sets) {
    const calls = callsOfSet(view, name);
    if (calls) return calls;
  }
  return defOf(view.op).calls(view);
}

/** Those of `sets` that have kernels for an operator. */
export function kernelSetsOf(view: OpView, sets: readonly KernelSet[]): readonly KernelSet[] {
  return sets.filter((set) => callsOfSet(view, set) !== null);
}

function callsOfSet(view: OpView, set: KernelSet): readonly KernelCall[] | null {
  const def = defOf(view.op);
  return set === 'ref' ? def.calls(view) : (def.fast?.[set]?.(view) ?? null);
}

/** All ways to call an operator: the fastest, then those with less and less working memory. */
export function callChoices(view: OpView, sets: readonly KernelSet[]): readonly (readonly KernelCall[])[] {
  const calls = callsOf(view, sets);
  const leaner = defOf(view.op).leaner;
  return calls.length === 1 && leaner ? [calls, ...leaner(view, calls[0]!).map((call) => [call])] : [calls];
}

export interface Unsupported extends Refusal {
  readonly index: number;
  readonly op: string;
}

/** Every operator that cannot run, with the reason and what to do; empty when the graph can run. */
export function findUnsupported(graph: Graph): Unsupported[] {
  return graph.ops.flatMap((op) => {
    const def = knownDef(op);
    const refusal = def ? refusalOf(viewOp(graph, op), def) : unknown(op);
    return refusal ? [{ index: op.id, op: op.label, ...refusal }] : [];
  });
}

/** An importer may have said why. */
function unknown(op: Op): Refusal {
  const { reason, hint: advice } = op.attrs;
  if (typeof reason === 'string' && typeof advice === 'string') return { reason, hint: advice };
  const hint = op.label.startsWith('CUSTOM:')
    ? 'replace the custom operator by builtin ones before export'
    : 'replace it by supported operators, or fold it before export';
  return { reason: 'reflow has no kernel for it', hint };
}

/** Everything that stands against an operator, down to the numbers that its kernels would be given. */
function refusalOf(view: OpView, def: OpDef): Refusal | null {
  try {
    return firstRefusal(
      () => refuseDeep(view),
      () => def.refuse(view),
      () => contradiction(view, def.infer(view)),
      () => refuseNumbers(def.calls(view)),
    );
  } catch (error) {
    if (error instanceof ReflowError) return { reason: error.message, hint: error.hint };
    throw error;
  }
}

/** What lies in the arena is described to firmware with at most `maxRank` dimensions. */
function refuseDeep({ inputs, outputs }: OpView): Refusal | null {
  const deep = [...inputs, ...outputs].find(
    (tensor) => tensor?.data === null && tensor.shape.length > maxRank,
  );
  if (!deep) return null;
  return {
    reason: `tensor ${deep.id} has ${deep.shape.length} dimensions; at most ${maxRank} are supported`,
    hint: 'reshape it in the network',
  };
}

/** Outputs in the file that are not what the operator computes. */
function contradiction(view: OpView, types: readonly TensorType[]): Refusal | null {
  const hint = 'export the network again with fixed shapes';
  if (types.length !== view.outputs.length)
    return { reason: `the file says ${view.outputs.length} outputs, but it has ${types.length}`, hint };
  for (const [index, computed] of types.entries()) {
    const stated = view.output(index);
    if (stated.dtype === computed.dtype && stated.shape.join() === computed.shape.join()) continue;
    return {
      reason: `the file says output ${index} is ${stated.dtype} [${stated.shape}], but it computes ${computed.dtype} [${computed.shape}]`,
      hint,
    };
  }
  return null;
}

/** Parameters that C cannot hold: integers beyond 32 bits, floats that are no number. */
function refuseNumbers(calls: readonly KernelCall[]): Refusal | null {
  for (const { params } of calls) {
    for (const [field, value] of Object.entries(params)) {
      if (isHeld(value)) continue;
      return {
        reason: `its parameter ${field} is no number that C can hold`,
        hint: 'export the network again; the file is damaged or the exporter is at fault',
      };
    }
  }
  return null;
}

function isHeld(value: CValue): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && value === (value | 0);
  if ('float' in value) return !Number.isNaN(value.float);
  if ('list' in value) return value.list.every(isHeld);
  if ('struct' in value) return Object.values(value.struct).every(isHeld);
  return true;
}
