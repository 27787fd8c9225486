/**
 * The common part of element-wise operators with two operands (add, sub, mul, maximum, ...). Each has a flat kernel
 * rf_<kind>_<suffix> for equal shapes or one single element, and rf_<kind>_<suffix>_broadcast for the rest.
 */
import type { DType } from '../ir/tensor.js';
import { broadcastShape, broadcastStruct, flatSteps, maxRank } from './broadcast.js';
import type { CStruct, KernelCall, OpDef, OpView, TfliteBinding } from './op-def.js';
import { pointwiseRows } from './pointwise.js';
import { type Activation, activationOf, isClamp } from './quantise.js';
import { firstRefusal, refuseDtype, refuseMixedTypes } from './refusal.js';

export type BinaryAttrs = { readonly activation: Activation };

export interface BinaryOp {
  readonly kind: string;
  readonly tflite: readonly TfliteBinding<BinaryAttrs>[];
  readonly dtypes: readonly DType[];
  /** Parameter struct without the rf_ prefix and _params suffix, and its fields after a_step and b_step. */
  params(view: OpView<BinaryAttrs>): { type: string; fields: CStruct };
}

/** A binding whose options hold a fused activation in field 0, or have no fields (then it reads as none). */
export function binaryBinding(builtin: number, name: string): TfliteBinding<BinaryAttrs> {
  return { builtin, name, attrs: (options) => ({ activation: activationOf(options.byte(0, 0)) }) };
}

const suffixes: Readonly<Record<string, string>> = {
  int8: 's8',
  uint8: 'u8',
  int16: 's16',
  int32: 's32',
  int64: 's64',
  float32: 'f32',
};

/** Builds the OpDef of an element-wise operator. */
export function binaryOp(def: BinaryOp): OpDef<BinaryAttrs> {
  return {
    kind: def.kind,
    tflite: def.tflite,
    infer: (view) => [
      { dtype: view.output(0).dtype, shape: broadcastShape(view.input(0).shape, view.input(1).shape) },
    ],
    refuse: (view) =>
      firstRefusal(
        () => refuseDtype(view.input(0), def.dtypes, 'an operand'),
        () => refuseMixedTypes(view, view.input(1), view.output(0)),
        () =>
          view.output(0).shape.length <= maxRank
            ? null
            : { reason: `more than ${maxRank} dimensions`, hint: 'reshape the operands in the network' },
        () =>
          isClamp(view.attrs.activation)
            ? null
            : {
                reason: `the fused activation ${view.attrs.activation} is not supported`,
                hint: 'use a separate activation layer',
              },
      ),
    macs: () => 0,
    // Each element is read before the same element is written, so either operand of the full shape may be overwritten.
    overlaps: (view) =>
      [0, 1]
        .filter((input) => view.input(input).shape.join() === view.output(0).shape.join())
        .map((input) => ({ input, output: 0, leadBytes: 0 })),
    rows: pointwiseRows,
    calls: (view) => [binaryCall(def, view)],
  };
}

function binaryCall(def: BinaryOp, view: OpView<BinaryAttrs>): KernelCall {
  const [a, b, out] = [view.input(0), view.input(1), view.output(0)];
  const { type, fields } = def.params(view);
  const kernel = `${def.kind}_${suffixes[a.dtype]}`;
  const shared = { file: def.kind, reads: [a.id, b.id], writes: [out.id], scratchBytes: 0 };
  const steps = flatSteps(a.shape, b.shape, out.shape);
  if (steps)
    return { ...shared, kernel, paramsType: `${type}_params`, params: { ...steps, ...fields }, form: 'flat' };
  const { shape, steps: inner } = broadcastStruct(a.shape, b.shape, out.shape);
  return {
    ...shared,
    kernel: `${kernel}_broadcast`,
    paramsType: `${type}_broadcast_params`,
    params: { shape, flat: { struct: { ...inner, ...fields } } },
    form: 'whole',
  };
}
