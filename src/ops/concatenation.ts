/** CONCATENATION along an axis, and PACK, which makes the axis. */
import { ReflowError } from '../base/error.js';
import { dataMovement, type Move } from './data-movement.js';
import { stridesOf } from './move.js';
import type { OpView } from './op-def.js';
import { pointwiseRows } from './pointwise.js';

export type ConcatenationAttrs = { readonly axis: number };

export const concatenation = dataMovement<ConcatenationAttrs>({
  kind: 'concatenation',
  tflite: [{ builtin: 2, name: 'CONCATENATION', attrs: (options) => ({ axis: options.int(0, 0) }) }],
  data: (view) => view.inputs.map((_, index) => index),
  constants: [],
  infer(view) {
    const first = view.input(0);
    const axis = axisOf(view, first.shape.length);
    const length = view.inputs.reduce((sum, _, index) => sum + (view.input(index).shape[axis] ?? 0), 0);
    for (const [index] of view.inputs.entries()) {
      const { shape } = view.input(index);
      if (
        shape.length !== first.shape.length ||
        shape.some((dim, at) => at !== axis && dim !== first.shape[at])
      ) {
        throw new ReflowError(
          'E_GRAPH',
          `[${shape}] and [${first.shape}] cannot be joined along axis ${axis}`,
          'export the network again',
        );
      }
    }
    return [{ dtype: first.dtype, shape: first.shape.with(axis, length) }];
  },
  rows: (view) => (axisOf(view, view.output(0).shape.length) >= 2 ? pointwiseRows(view) : null),
  moves: (view) => joins(view, axisOf(view, view.output(0).shape.length), (shape) => shape),
});

export const pack = dataMovement<ConcatenationAttrs>({
  kind: 'pack',
  tflite: [{ builtin: 83, name: 'PACK', attrs: (options) => ({ axis: options.int(1, 0) }) }],
  data: (view) => view.inputs.map((_, index) => index),
  constants: [],
  infer(view) {
    const { dtype, shape } = view.input(0);
    if (view.inputs.some((_, index) => view.input(index).shape.join() !== shape.join())) {
      throw new ReflowError('E_GRAPH', 'PACK has inputs of different shapes', 'export the network again');
    }
    return [{ dtype, shape: shape.toSpliced(axisOf(view, shape.length + 1), 0, view.inputs.length) }];
  },
  moves: (view) => {
    const axis = axisOf(view, view.output(0).shape.length);
    return joins(view, axis, (shape) => shape.toSpliced(axis, 0, 1));
  },
});

function axisOf(view: OpView<ConcatenationAttrs>, rank: number): number {
  const { axis } = view.attrs;
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank)
    throw new ReflowError(
      'E_GRAPH',
      `there is no axis ${axis} in ${rank} dimensions`,
      'export the network again',
    );
  return positive;
}

/** Each input as a box at its place along the axis; `lift` gives an input the output's rank. */
function joins(view: OpView, axis: number, lift: (shape: readonly number[]) => readonly number[]): Move[] {
  const outStrides = stridesOf(view.output(0).shape);
  let at = 0;
  return view.inputs.map((_, input) => {
    const dims = lift(view.input(input).shape);
    const move = {
      input,
      output: 0,
      box: { dims, inStrides: stridesOf(dims), outStrides, inOffset: 0, outOffset: at * outStrides[axis]! },
    };
    at += dims[axis]!;
    return move;
  });
}
