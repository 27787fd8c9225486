/**
 * The common part of element-wise operators with two operands (add, sub, mul, maximum, ...). Each has a flat kernel
 * rf_<kind>_<suffix> for equal shapes or one single element, and rf_<kind>_<suffix>_broadcast for the rest.
 */
import type { DType } from '../ir/tensor.js';
import { broadcastShape, broadcastStruct, flatSteps, maxRank } from './broadcast.js';
import { foldIntegers } from './fold.js';
import type { CStruct, KernelCall, OpDef, OpView, Refusal, TfliteBinding } from './op-def.js';
import { pointwiseRows } from './pointwise.js';
import { type Activation, activationBounds, activationOf } from './quantise.js';
import {
  firstRefusal,
  refuseActivation,
  refuseDtype,
  refuseMixedTypes,
  refuseQuantisation,
} from './refusal.js';
import { suffixOf } from './suffix.js';

export type BinaryAttrs = { readonly activation: Activation };

/** Parameter struct without the rf_ prefix and _params suffix, and its fields after a_step and b_step. */
export interface BinaryParams {
  readonly type: string;
  readonly fields: CStruct;
}

export interface BinaryOp {
  readonly kind: string;
  /** The C file, where it is not named after the operator. */
  readonly file?: string;
  readonly tflite: readonly TfliteBinding<BinaryAttrs>[];
  readonly dtypes: readonly DType[];
  /** Throws ReflowError for scales that the arithmetic cannot take; that refuses the operator. */
  params(view: OpView<BinaryAttrs>): BinaryParams;
  /** In place of the default, which wants all types equal. */
  refuseTypes?(view: OpView<BinaryAttrs>): Refusal | null;
  /** In place of the default, which wants one scale for each tensor and symmetric int16. */
  refuseQuantisation?(view: OpView<BinaryAttrs>): Refusal | null;
  /** The operator on plain integers, for shape arithmetic. */
  evaluate?(a: bigint, b: bigint): bigint;
}

/** A binding whose options hold a fused activation in field 0, or have no fields (then it reads as none). */
export function binaryBinding(builtin: number, name: string): TfliteBinding<BinaryAttrs> {
  return { builtin, name, attrs: (options) => ({ activation: activationOf(options.byte(0, 0)) }) };
}

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
        () =>
          def.refuseTypes ? def.refuseTypes(view) : refuseMixedTypes(view, view.input(1), view.output(0)),
        () =>
          view.output(0).shape.length <= maxRank
            ? null
            : { reason: `more than ${maxRank} dimensions`, hint: 'reshape the operands in the network' },
        () => refuseActivation(view.attrs.activation),
        () =>
          def.refuseQuantisation
            ? def.refuseQuantisation(view)
            : refuseQuantisation(view.input(0), view.input(1), view.output(0)),
        () => {
          def.params(view);
          return null;
        },
      ),
    macs: () => 0,
    // Each element is read before the same element is written, so either operand of the full shape may be overwritten.
    overlaps: (view) =>
      [0, 1]
        .filter((input) => view.input(input).shape.join() === view.output(0).shape.join())
        .filter((input) => view.input(input).dtype === view.output(0).dtype)
        .map((input) => ({ input, output: 0, leadBytes: 0 })),
    rows: pointwiseRows,
    calls: (view) => [binaryCall(def, view)],
    fold: (view) => (def.evaluate ? foldIntegers(view, view.attrs.activation, def.evaluate) : null),
  };
}

/** The parameters of operators on float32 or plain int32 that need no more than a clamp; null for quantised types. */
export function clampParams(view: OpView<BinaryAttrs>): BinaryParams | null {
  const [low, high] = activationBounds(view.attrs.activation);
  switch (view.output(0).dtype) {
    case 'float32':
      return { type: 'binary_f32', fields: { act_min: { float: low }, act_max: { float: high } } };
    case 'int32':
      return {
        type: 'binary_s32',
        fields: { act_min: Math.max(low, -(2 ** 31)), act_max: Math.min(high, 2 ** 31 - 1) },
      };
    default:
      return null;
  }
}

function binaryCall(def: BinaryOp, view: OpView<BinaryAttrs>): KernelCall {
  const [a, b, out] = [view.input(0), view.input(1), view.output(0)];
  const { type, fields } = def.params(view);
  const kernel = `${def.kind}_${suffixOf(a.dtype)}`;
  const shared = { file: def.file ?? def.kind, reads: [a.id, b.id], writes: [out.id], scratchBytes: 0 };
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
