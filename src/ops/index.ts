/** The operators that reflow knows: one line each. */

import { ReflowError } from '../base/error.js';
import type { Graph, Op } from '../ir/graph.js';
import { abs, neg } from './abs.js';
import { add, sub } from './add.js';
import { argMax, argMin } from './arg-max.js';
import { batchMatmul } from './batch-matmul.js';
import { cast } from './cast.js';
import { concatenation, pack } from './concatenation.js';
import { conv2d } from './conv2d.js';
import { depthToSpace, spaceToDepth } from './depth-space.js';
import { depthwiseConv2d } from './depthwise-conv2d.js';
import { div } from './div.js';
import { maximum, minimum } from './extremum.js';
import { ceil, cos, floor, round, sin, square } from './float-function.js';
import { fullyConnected } from './fully-connected.js';
import { gather } from './gather.js';
import { hardSwish } from './hard-swish.js';
import { leakyRelu, prelu } from './leaky-relu.js';
import { mirrorPad } from './mirror-pad.js';
import { mul } from './mul.js';
import { type KernelCall, type KernelSet, type OpDef, type OpView, type Refusal, viewOp } from './op-def.js';
import { pad } from './pad.js';
import { averagePool2d, maxPool2d } from './pool2d.js';
import { dequantize, quantize } from './quantize.js';
import { range } from './range.js';
import { mean, sum } from './reduce.js';
import { reduceMax, reduceMin } from './reduce-extremum.js';
import { reduceProd } from './reduce-prod.js';
import { relu, relu0To1, relu6, reluN1To1 } from './relu.js';
import { reshape } from './reshape.js';
import { resizeBilinear, resizeNearestNeighbor } from './resize.js';
import { reverse } from './reverse.js';
import { rank, shape } from './shape.js';
import { logistic, tanh } from './sigmoid.js';
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
  exp,
  fill,
  floor,
  fullyConnected,
  gather,
  gelu,
  hardSwish,
  leakyRelu,
  log,
  logistic,
  maximum,
  maxPool2d,
  mean,
  minimum,
  mirrorPad,
  mul,
  neg,
  pack,
  pad,
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

/** The kernel calls of an operator: those of the first set in `sets` that has any; the reference ones in the end. */
export function callsOf(view: OpView, sets: readonly KernelSet[]): readonly KernelCall[] {
  const def = defOf(view.op);
  for (const set of sets) {
    const fast = set === 'ref' ? null : def.fast?.[set]?.(view);
    if (fast) return fast;
    if (set === 'ref') break;
  }
  return def.calls(view);
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

function unknown(op: Op): Refusal {
  const hint = op.label.startsWith('CUSTOM:')
    ? 'replace the custom operator by builtin ones before export'
    : 'replace it by supported operators, or fold it before export';
  return { reason: 'reflow has no kernel for it', hint };
}

/** A refusal of the operator itself, or of shapes in the file that contradict what the operator computes. */
function refusalOf(view: OpView, def: OpDef): Refusal | null {
  try {
    const refusal = def.refuse(view);
    if (refusal) return refusal;
    const wrong = def.infer(view).findIndex((type, index) => {
      const stated = view.output(index);
      return stated.dtype !== type.dtype || stated.shape.join() !== type.shape.join();
    });
    if (wrong < 0) return null;
    const stated = view.output(wrong);
    const computed = def.infer(view)[wrong]!;
    return {
      reason: `the file says output ${wrong} is ${stated.dtype} [${stated.shape}], but it computes ${computed.dtype} [${computed.shape}]`,
      hint: 'export the network again with fixed shapes',
    };
  } catch (error) {
    if (error instanceof ReflowError) return { reason: error.message, hint: error.hint };
    throw error;
  }
}
