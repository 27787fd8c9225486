/** TILE, BROADCAST_TO and FILL: the input repeated along axes, by constant shapes. */
import { constantIntegers } from '../ir/tensor.js';
import { broadcastShape, maxRank } from './broadcast.js';
import { dataMovement } from './data-movement.js';
import { type Box, boxRank, stridesOf } from './move.js';
import type { OpView } from './op-def.js';

export const tile = dataMovement({
  kind: 'tile',
  tflite: [{ builtin: 69, name: 'TILE', attrs: () => ({}) }],
  data: () => [0],
  constants: [1],
  infer: (view) => {
    const times = multiples(view);
    return [
      { dtype: view.input(0).dtype, shape: view.input(0).shape.map((dim, axis) => dim * (times[axis] ?? 0)) },
    ];
  },
  refuse(view) {
    const times = multiples(view);
    if (times.length !== view.input(0).shape.length || times.some((count) => count < 1))
      return {
        reason: `[${times}] cannot repeat [${view.input(0).shape}]`,
        hint: 'export the network again',
      };
    return boxRank(tiling(view)) <= maxRank
      ? null
      : { reason: 'too many axes are repeated', hint: 'repeat fewer axes at a time' };
  },
  moves: (view) => [{ input: 0, output: 0, box: tiling(view) }],
});

function multiples(view: OpView): number[] {
  return constantIntegers(view.input(1)) ?? [];
}

/** Each axis as two dimensions: the repetition, and the axis itself. */
function tiling(view: OpView): Box {
  const { shape } = view.input(0);
  const times = multiples(view);
  const inStrides = stridesOf(shape);
  const outStrides = stridesOf(shape.map((dim, axis) => dim * times[axis]!));
  const pairs = (repeat: (axis: number) => number, within: (axis: number) => number) =>
    shape.flatMap((_, axis) => [repeat(axis), within(axis)]);
  return {
    dims: pairs(
      (axis) => times[axis]!,
      (axis) => shape[axis]!,
    ),
    inStrides: pairs(
      () => 0,
      (axis) => inStrides[axis]!,
    ),
    outStrides: pairs(
      (axis) => outStrides[axis]! * shape[axis]!,
      (axis) => outStrides[axis]!,
    ),
    inOffset: 0,
    outOffset: 0,
  };
}

export const broadcastTo = dataMovement({
  kind: 'broadcast_to',
  tflite: [{ builtin: 130, name: 'BROADCAST_TO', attrs: () => ({}) }],
  data: () => [0],
  constants: [1],
  infer(view) {
    const { dtype, shape } = view.input(0);
    return [{ dtype, shape: broadcastShape(shape, constantIntegers(view.input(1)) ?? []) }];
  },
  moves: (view) => repeated(view, 0),
});

export const fill = dataMovement({
  kind: 'fill',
  tflite: [{ builtin: 94, name: 'FILL', attrs: () => ({}) }],
  data: () => [1],
  constants: [0],
  infer: (view) => [{ dtype: view.input(1).dtype, shape: constantIntegers(view.input(0)) ?? [] }],
  refuse: (view) =>
    view.input(1).shape.length === 0
      ? null
      : { reason: `the value has shape [${view.input(1).shape}]`, hint: 'fill with a single value' },
  moves: (view) => repeated(view, 1),
});

/** The output's box with no step along the axes that the input lacks. */
function repeated(view: OpView, input: number) {
  const dims = view.output(0).shape;
  const { shape } = view.input(input);
  const own = [...Array<number>(dims.length - shape.length).fill(1), ...shape];
  const strides = stridesOf(own);
  const inStrides = own.map((dim, axis) => (dim === 1 ? 0 : strides[axis]!));
  return [
    { input, output: 0, box: { dims, inStrides, outStrides: stridesOf(dims), inOffset: 0, outOffset: 0 } },
  ];
}
