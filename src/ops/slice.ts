/** SLICE and STRIDED_SLICE with constant bounds. */
import { ReflowError } from '../base/error.js';
import { constantIntegers } from '../ir/tensor.js';
import { dataMovement } from './data-movement.js';
import { stridesOf } from './move.js';
import type { OpView } from './op-def.js';

export const slice = dataMovement({
  kind: 'slice',
  tflite: [{ builtin: 65, name: 'SLICE', attrs: () => ({}) }],
  data: () => [0],
  constants: [1, 2],
  infer: (view) => [{ dtype: view.input(0).dtype, shape: sizes(view) }],
  refuse: (view) =>
    rangesFit(view) ? null : { reason: 'the slice leaves the input', hint: 'export the network again' },
  moves(view) {
    const inStrides = stridesOf(view.input(0).shape);
    const begin = constantIntegers(view.input(1))!;
    const dims = view.output(0).shape;
    const inOffset = begin.reduce((sum, first, axis) => sum + first * inStrides[axis]!, 0);
    return [
      { input: 0, output: 0, box: { dims, inStrides, outStrides: stridesOf(dims), inOffset, outOffset: 0 } },
    ];
  },
});

function sizes(view: OpView): number[] {
  const begin = constantIntegers(view.input(1)) ?? [];
  return (constantIntegers(view.input(2)) ?? []).map((size, axis) =>
    size < 0 ? view.input(0).shape[axis]! - begin[axis]! : size,
  );
}

function rangesFit(view: OpView): boolean {
  const { shape } = view.input(0);
  const begin = constantIntegers(view.input(1))!;
  const size = sizes(view);
  return (
    begin.length === shape.length &&
    size.length === shape.length &&
    shape.every((dim, axis) => begin[axis]! >= 0 && size[axis]! >= 0 && begin[axis]! + size[axis]! <= dim)
  );
}

export type StridedSliceAttrs = {
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
  /** 1 when `end` counts from `begin`. */
  readonly offset: number;
};

export const stridedSlice = dataMovement<StridedSliceAttrs>({
  kind: 'strided_slice',
  tflite: [
    {
      builtin: 45,
      name: 'STRIDED_SLICE',
      attrs: (options) => ({
        beginMask: options.int(0, 0),
        endMask: options.int(1, 0),
        ellipsisMask: options.int(2, 0),
        newAxisMask: options.int(3, 0),
        shrinkAxisMask: options.int(4, 0),
        offset: options.bool(5, false) ? 1 : 0,
      }),
    },
  ],
  data: () => [0],
  constants: [1, 2, 3],
  infer(view) {
    const kept = axes(view).filter((axis) => axis.kind !== 'shrink');
    return [
      { dtype: view.input(0).dtype, shape: kept.map((axis) => (axis.kind === 'new' ? 1 : axis.count)) },
    ];
  },
  moves(view) {
    const strides = stridesOf(view.input(0).shape);
    const ranges = axes(view).filter((axis) => axis.kind !== 'new');
    const dims = ranges.map((axis) => (axis.kind === 'shrink' ? 1 : axis.count));
    const box = {
      dims,
      inStrides: ranges.map((axis, at) => axis.step * strides[at]!),
      outStrides: stridesOf(dims),
      inOffset: ranges.reduce((sum, axis, at) => sum + axis.begin * strides[at]!, 0),
      outOffset: 0,
    };
    return [{ input: 0, output: 0, box }];
  },
});

interface AxisRange {
  readonly kind: 'range' | 'shrink' | 'new';
  readonly begin: number;
  readonly step: number;
  readonly count: number;
}

/** NumPy's slicing as TensorFlow's masks state it; one entry per output axis or consumed input axis, outermost first. */
function axes(view: OpView<StridedSliceAttrs>): AxisRange[] {
  const { shape } = view.input(0);
  const [begin, end, step] = [1, 2, 3].map((index) => constantIntegers(view.input(index)) ?? []) as [
    number[],
    number[],
    number[],
  ];
  const { ellipsisMask, newAxisMask } = view.attrs;
  const whole = (dim: number): AxisRange => ({ kind: 'range', begin: 0, step: 1, count: dim });
  const consumed = begin.filter((_, at) => !(((ellipsisMask | newAxisMask) >> at) & 1)).length;
  const result: AxisRange[] = [];
  let axis = 0;
  begin.forEach((_, at) => {
    if ((ellipsisMask >> at) & 1) {
      for (let rest = shape.length - consumed; rest > 0; rest--) result.push(whole(shape[axis++]!));
    } else if ((newAxisMask >> at) & 1) result.push({ kind: 'new', begin: 0, step: 1, count: 1 });
    else {
      const dim = shape[axis++];
      if (dim === undefined)
        throw new ReflowError(
          'E_GRAPH',
          `a slice of ${begin.length} axes does not fit [${shape}]`,
          'export the network again',
        );
      result.push(range(view.attrs, at, dim, begin[at]!, end[at]!, step[at]!));
    }
  });
  while (axis < shape.length) result.push(whole(shape[axis++]!));
  return result;
}

function range(
  attrs: StridedSliceAttrs,
  at: number,
  dim: number,
  statedBegin: number,
  statedEnd: number,
  step: number,
): AxisRange {
  const bit = (mask: number) => ((mask >> at) & 1) === 1;
  if (!step) throw new ReflowError('E_GRAPH', 'a slice has a stride of 0', 'export the network again');
  const wrap = (value: number) => (value < 0 ? value + dim : value);
  const clamp = (value: number) =>
    step > 0 ? Math.min(Math.max(value, 0), dim) : Math.min(Math.max(value, -1), dim - 1);
  const first = wrap(statedBegin);
  if (bit(attrs.shrinkAxisMask)) {
    const only = bit(attrs.beginMask) ? 0 : first;
    if (!(only >= 0 && only < dim))
      throw new ReflowError(
        'E_GRAPH',
        `there is no element ${statedBegin} along an axis of ${dim}`,
        'export the network again',
      );
    return { kind: 'shrink', begin: only, step: 1, count: 1 };
  }
  const begin = bit(attrs.beginMask) ? (step > 0 ? 0 : dim - 1) : clamp(first);
  const limit = attrs.offset === 1 ? first + statedEnd : wrap(statedEnd);
  const end = bit(attrs.endMask) ? (step > 0 ? dim : -1) : clamp(limit);
  return { kind: 'range', begin, step, count: Math.max(0, Math.ceil((end - begin) / step)) };
}
