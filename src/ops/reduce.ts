/** MEAN and SUM over constant axes. */
import { ReflowError } from '../base/error.js';
import { constantIntegers, elementCount } from '../ir/tensor.js';
import { maxRank } from './broadcast.js';
import { kernelSuffix } from './convolution.js';
import { poolDsp } from './dsp/pool.js';
import { stridesOf } from './move.js';
import { poolMve } from './mve/pool.js';
import type { CStruct, OpDef, OpView } from './op-def.js';
import { perTensor, quantiseMultiplier } from './quantise.js';
import {
  firstRefusal,
  largestValue,
  refuseComputed,
  refuseDtype,
  refuseLongSum,
  refuseMixedTypes,
} from './refusal.js';

export type ReduceAttrs = { readonly keepDims: boolean };

export const mean = reduction('mean', 40, 'MEAN');
export const sum = reduction('sum', 74, 'SUM');

function reduction(kind: 'mean' | 'sum', builtin: number, name: string): OpDef<ReduceAttrs> {
  const def: OpDef<ReduceAttrs> = {
    kind,
    tflite: [{ builtin, name, attrs: (options) => ({ keepDims: options.bool(0, false) }) }],
    infer(view) {
      const axes = reducedAxes(view);
      const { dtype, shape } = view.input(0);
      const kept = shape.map((dim, axis) => (axes.has(axis) ? 1 : dim));
      return [{ dtype, shape: view.attrs.keepDims ? kept : shape.filter((_, axis) => !axes.has(axis)) }];
    },
    refuse: (view) =>
      firstRefusal(
        () => refuseDtype(view.input(0), ['int8', 'int16', 'float32'], 'the input'),
        () => refuseMixedTypes(view, view.output(0)),
        () => refuseComputed(view.input(1), 'the list of axes'),
        () =>
          view.input(0).dtype === 'float32' ? null : refuseLongSum(group(view), largestValue(view.input(0))),
      ),
    macs: () => 0,
    overlaps: () => [],
    rows: (view) => (isGlobal(view) ? { kind: 'accumulate' } : null),
    calls(view) {
      const [input, output] = [view.input(0), view.output(0)];
      if (isGlobal(view)) {
        return [
          {
            kernel: `global_reduce_${kernelSuffix(input)}`,
            file: 'global_pool',
            paramsType: 'global_reduce_int_params',
            params: { in: { plane: input.id }, ...scaling(view, kind) },
            form: 'accumulate',
            reads: [input.id],
            writes: [output.id],
            scratchBytes: 4 * input.shape[3]!,
          },
        ];
      }
      const isFloat = input.dtype === 'float32';
      return [
        {
          kernel: `reduce_${kernelSuffix(input)}`,
          file: 'reduce',
          paramsType: isFloat ? 'reduce_f32_params' : 'reduce_int_params',
          params: { ...reduceGeometry(view), ...(isFloat ? divisor(view, kind) : scaling(view, kind)) },
          form: 'whole',
          reads: [input.id],
          writes: [output.id],
          scratchBytes: isFloat ? 0 : 4 * elementCount(output.shape),
        },
      ];
    },
  };
  return {
    ...def,
    fast: {
      mve: (view) => poolMve(view, def.calls(view)),
      dsp: (view) => poolDsp(view, def.calls(view)),
    },
  };
}

/** Over height and width of one image: it can be fed row by row. */
function isGlobal(view: OpView): boolean {
  const { shape, dtype } = view.input(0);
  const axes = [...reducedAxes(view)].sort();
  return dtype !== 'float32' && shape.length === 4 && shape[0] === 1 && axes.join() === '1,2';
}

/** The axes that go, as positions; throws ReflowError E_GRAPH for one that is not there. */
export function reducedAxes(view: OpView): Set<number> {
  const rank = view.input(0).shape.length;
  return new Set(
    (constantIntegers(view.input(1)) ?? []).map((stated) => {
      const axis = stated < 0 ? stated + rank : stated;
      if (axis < 0 || axis >= rank)
        throw new ReflowError(
          'E_GRAPH',
          `there is no axis ${stated} in ${rank} dimensions`,
          'export the network again',
        );
      return axis;
    }),
  );
}

/** Input elements per output element. */
function group(view: OpView): number {
  return elementCount(view.input(0).shape) / elementCount(view.output(0).shape);
}

/** `dims`, `out_strides` and `out_count` of the parameter structs in runtime-c/ops/reduce.h. */
export function reduceGeometry(view: OpView): CStruct {
  const axes = reducedAxes(view);
  const { shape } = view.input(0);
  const kept = stridesOf(shape.map((dim, axis) => (axes.has(axis) ? 1 : dim)));
  const front = (values: readonly number[], filler: number) => ({
    list: [...Array<number>(maxRank - values.length).fill(filler), ...values],
  });
  return {
    dims: front(shape, 1),
    out_strides: front(
      kept.map((stride, axis) => (axes.has(axis) ? 0 : stride)),
      0,
    ),
    out_count: elementCount(view.output(0).shape),
  };
}

function divisor(view: OpView, kind: 'mean' | 'sum'): CStruct {
  return { divisor: { float: kind === 'mean' ? group(view) : 1 } };
}

/** TFLite folds 1 / elements into the multiplier with as many bits as fit (reference_ops::QuantizedMeanOrSum). */
function scaling(view: OpView, kind: 'mean' | 'sum'): CStruct {
  const [from, to] = [perTensor(view.input(0)), perTensor(view.output(0))];
  let { multiplier, shift } = quantiseMultiplier(from.scale / to.scale);
  if (kind === 'mean') {
    const bits = Math.min(Math.floor(Math.log2(group(view))), 32, 31 + shift);
    multiplier = Number((BigInt(multiplier) << BigInt(bits)) / BigInt(group(view)));
    shift -= bits;
  }
  return { bias: from.zeroPoint * group(view), multiplier, shift, out_zero: to.zeroPoint };
}
