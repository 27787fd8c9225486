/** The common part of element-wise operators with one operand: one flat kernel for each element type. */
import type { Attrs } from '../ir/graph.js';
import { type DType, dtypeBytes, elementCount } from '../ir/tensor.js';
import type { CStruct, OpDef, OpView, Refusal, TfliteBinding } from './op-def.js';
import { tableCalls } from './plain/function-table.js';
import { pointwiseRows } from './pointwise.js';
import { firstRefusal, refuseDtype, refuseMixedTypes, refuseQuantisation } from './refusal.js';
import { suffixOf } from './suffix.js';

export type NoAttrs = { readonly [name: string]: never };

export interface UnaryCall {
  /** Kernel without the rf_ prefix; rf_<kind>_<suffix> when left out. */
  readonly kernel?: string;
  /** The C file, where it is not the operator's usual one. */
  readonly file?: string;
  /** Parameter struct without the rf_ prefix and _params suffix; null when the kernel takes none. */
  readonly type: string | null;
  readonly fields: CStruct;
}

/** The call of a kernel without parameters. */
export const noParams: UnaryCall = { type: null, fields: {} };

export interface UnaryOp<A extends Attrs> {
  readonly kind: string;
  readonly file: string;
  readonly tflite: readonly TfliteBinding<A>[];
  readonly dtypes: readonly DType[];
  /** Throws ReflowError for scales that the arithmetic cannot take; that refuses the operator. */
  call(view: OpView<A>): UnaryCall;
  /** In place of the default, which wants the output's type equal to the input's. */
  refuseTypes?(view: OpView<A>): Refusal | null;
  /** In place of the default, which wants one scale for each tensor and symmetric int16. */
  refuseQuantisation?(view: OpView<A>): Refusal | null;
  fold?(view: OpView<A>): readonly Uint8Array[] | null;
}

/** A binding without options. */
export function plainBinding(builtin: number, name: string): TfliteBinding<NoAttrs> {
  return { builtin, name, attrs: () => ({}) };
}

/** Builds the OpDef of an element-wise operator. */
export function unaryOp<A extends Attrs>(def: UnaryOp<A>): OpDef<A> {
  const made: OpDef<A> = {
    kind: def.kind,
    tflite: def.tflite,
    infer: (view) => [{ dtype: view.output(0).dtype, shape: view.input(0).shape }],
    refuse: (view) =>
      firstRefusal(
        () => refuseDtype(view.input(0), def.dtypes, 'the input'),
        () => (def.refuseTypes ? def.refuseTypes(view) : refuseMixedTypes(view, view.output(0))),
        () =>
          def.refuseQuantisation
            ? def.refuseQuantisation(view)
            : refuseQuantisation(view.input(0), view.output(0)),
        () => {
          def.call(view);
          return null;
        },
      ),
    macs: () => 0,
    overlaps: (view) => [{ input: 0, output: 0, leadBytes: leadBytes(view) }],
    rows: pointwiseRows,
    calls(view) {
      const [input, output] = [view.input(0), view.output(0)];
      const { kernel, file, type, fields } = def.call(view);
      return [
        {
          kernel: kernel ?? `${def.kind}_${suffixOf(input.dtype)}`,
          file: file ?? def.file,
          paramsType: type === null ? null : `${type}_params`,
          params: fields,
          form: 'flat',
          reads: [input.id],
          writes: [output.id],
          scratchBytes: 0,
        },
      ];
    },
    ...(def.fold ? { fold: def.fold } : {}),
  };
  return { ...made, fast: { plain: (view) => tableCalls(view, made.calls(view)) } };
}

/**
 * Element i is read, then written. Writing it must not reach input element i + 1: with wider outputs, the last but one
 * needs the most room.
 */
function leadBytes(view: OpView): number {
  const growth = dtypeBytes[view.output(0).dtype] - dtypeBytes[view.input(0).dtype];
  return Math.max(0, growth) * (elementCount(view.input(0).shape) - 1);
}
