/** SPLIT, SPLIT_V and UNPACK: consecutive pieces along an axis become tensors of their own. */
import { ReflowError } from '../base/error.js';
import { constantIntegers } from '../ir/tensor.js';
import { dataMovement, type Move } from './data-movement.js';
import { stridesOf } from './move.js';
import type { OpView, TensorType } from './op-def.js';

type SplitAttrs = { readonly count: number };
type UnpackAttrs = { readonly count: number; readonly axis: number };

export const split = dataMovement<SplitAttrs>({
  kind: 'split',
  tflite: [{ builtin: 49, name: 'SPLIT', attrs: (options) => ({ count: options.int(0, 0) }) }],
  data: () => [1],
  constants: [0],
  infer(view) {
    const axis = axisOf(view.input(1).shape, constantIntegers(view.input(0))?.[0]);
    const length = view.input(1).shape[axis]! / view.outputs.length;
    return pieces(
      view,
      1,
      axis,
      view.outputs.map(() => length),
    );
  },
  moves: (view) => cuts(view, 1, axisOf(view.input(1).shape, constantIntegers(view.input(0))?.[0])),
});

export const splitV = dataMovement<SplitAttrs>({
  kind: 'split_v',
  tflite: [{ builtin: 102, name: 'SPLIT_V', attrs: (options) => ({ count: options.int(0, 0) }) }],
  data: () => [0],
  constants: [1, 2],
  infer(view) {
    const axis = axisOf(view.input(0).shape, constantIntegers(view.input(2))?.[0]);
    const stated = constantIntegers(view.input(1)) ?? [];
    const rest = view.input(0).shape[axis]! - stated.reduce((sum, length) => sum + Math.max(length, 0), 0);
    return pieces(
      view,
      0,
      axis,
      stated.map((length) => (length < 0 ? rest : length)),
    );
  },
  moves: (view) => cuts(view, 0, axisOf(view.input(0).shape, constantIntegers(view.input(2))?.[0])),
});

export const unpack = dataMovement<UnpackAttrs>({
  kind: 'unpack',
  tflite: [
    {
      builtin: 88,
      name: 'UNPACK',
      attrs: (options) => ({ count: options.int(0, 0), axis: options.int(1, 0) }),
    },
  ],
  data: () => [0],
  constants: [],
  infer(view) {
    const { dtype, shape } = view.input(0);
    const axis = axisOf(shape, view.attrs.axis);
    if (shape[axis] !== view.outputs.length)
      throw damaged(`[${shape}] has no ${view.outputs.length} slices along axis ${axis}`);
    return view.outputs.map(() => ({ dtype, shape: shape.toSpliced(axis, 1) }));
  },
  moves(view) {
    const axis = axisOf(view.input(0).shape, view.attrs.axis);
    const inStrides = stridesOf(view.input(0).shape);
    const dims = view.input(0).shape.with(axis, 1);
    return view.outputs.map((_, output) => ({
      input: 0,
      output,
      box: {
        dims,
        inStrides,
        outStrides: stridesOf(dims),
        inOffset: output * inStrides[axis]!,
        outOffset: 0,
      },
    }));
  },
});

function damaged(message: string): ReflowError {
  return new ReflowError('E_GRAPH', message, 'export the network again');
}

function axisOf(shape: readonly number[], stated: number | undefined): number {
  const axis = stated === undefined ? Number.NaN : stated < 0 ? stated + shape.length : stated;
  if (!(axis >= 0 && axis < shape.length))
    throw damaged(`there is no axis ${stated} in ${shape.length} dimensions`);
  return axis;
}

function pieces(view: OpView, input: number, axis: number, lengths: readonly number[]): TensorType[] {
  const { dtype, shape } = view.input(input);
  const fits =
    lengths.length === view.outputs.length &&
    lengths.every((length) => Number.isInteger(length) && length > 0);
  if (!fits || lengths.reduce((sum, length) => sum + length, 0) !== shape[axis])
    throw damaged(`[${shape}] cannot be cut into [${lengths}] along axis ${axis}`);
  return lengths.map((length) => ({ dtype, shape: shape.with(axis, length) }));
}

function cuts(view: OpView, input: number, axis: number): Move[] {
  const inStrides = stridesOf(view.input(input).shape);
  let at = 0;
  return view.outputs.map(({ shape }, output) => {
    const box = {
      dims: shape,
      inStrides,
      outStrides: stridesOf(shape),
      inOffset: at * inStrides[axis]!,
      outOffset: 0,
    };
    at += shape[axis]!;
    return { input, output, box };
  });
}
