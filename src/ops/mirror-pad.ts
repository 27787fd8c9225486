/** MIRROR_PAD: borders filled with the mirror image, with (SYMMETRIC) or without (REFLECT) the outermost element. */
import { constantIntegers } from '../ir/tensor.js';
import { dataMovement } from './data-movement.js';
import { type Box, stridesOf } from './move.js';
import type { OpView } from './op-def.js';

export type MirrorPadAttrs = { readonly symmetric: boolean };

export const mirrorPad = dataMovement<MirrorPadAttrs>({
  kind: 'mirror_pad',
  tflite: [
    { builtin: 100, name: 'MIRROR_PAD', attrs: (options) => ({ symmetric: options.byte(0, 0) === 1 }) },
  ],
  data: () => [0],
  constants: [1],
  infer: (view) => [
    {
      dtype: view.input(0).dtype,
      shape: view
        .input(0)
        .shape.map((dim, axis) => dim + (amounts(view)[2 * axis] ?? 0) + (amounts(view)[2 * axis + 1] ?? 0)),
    },
  ],
  refuse(view) {
    const { shape } = view.input(0);
    const fits =
      amounts(view).length === 2 * shape.length &&
      amounts(view).every((amount, at) => amount >= 0 && amount <= shape[at >> 1]! - edge(view));
    return fits
      ? null
      : { reason: `the padding [${amounts(view)}] exceeds [${shape}]`, hint: 'export the network again' };
  },
  moves(view) {
    const { shape } = view.input(0);
    const inStrides = stridesOf(shape);
    const outStrides = stridesOf(view.output(0).shape);
    const start: Box[] = [{ dims: [], inStrides: [], outStrides: [], inOffset: 0, outOffset: 0 }];
    const boxes = shape.reduce(
      (list, dim, axis) =>
        list.flatMap((box) =>
          pieces(dim, amounts(view)[2 * axis]!, amounts(view)[2 * axis + 1]!, edge(view)).map((piece) => ({
            dims: [...box.dims, piece.count],
            inStrides: [...box.inStrides, piece.step * inStrides[axis]!],
            outStrides: [...box.outStrides, outStrides[axis]!],
            inOffset: box.inOffset + piece.from * inStrides[axis]!,
            outOffset: box.outOffset + piece.to * outStrides[axis]!,
          })),
        ),
      start,
    );
    return boxes.map((box) => ({ input: 0, output: 0, box }));
  },
});

interface Piece {
  readonly count: number;
  readonly from: number;
  readonly to: number;
  readonly step: 1 | -1;
}

/** One axis of the output: what is before the input, the input, what is behind it. */
function pieces(dim: number, before: number, after: number, skip: number): Piece[] {
  const all: Piece[] = [
    { count: before, from: before - 1 + skip, to: 0, step: -1 },
    { count: dim, from: 0, to: before, step: 1 },
    { count: after, from: dim - 1 - skip, to: before + dim, step: -1 },
  ];
  return all.filter(({ count }) => count > 0);
}

/** Elements at the border that are not mirrored. */
function edge(view: OpView<MirrorPadAttrs>): number {
  return view.attrs.symmetric ? 0 : 1;
}

function amounts(view: OpView): number[] {
  return constantIntegers(view.input(1)) ?? [];
}
