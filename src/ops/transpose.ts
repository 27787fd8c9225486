/** TRANSPOSE by a constant permutation: output axis i is input axis perm[i]. */
import { constantIntegers } from '../ir/tensor.js';
import { dataMovement } from './data-movement.js';
import { stridesOf } from './move.js';
import type { OpView } from './op-def.js';

export const transpose = dataMovement({
  kind: 'transpose',
  tflite: [{ builtin: 39, name: 'TRANSPOSE', attrs: () => ({}) }],
  data: () => [0],
  constants: [1],
  infer: (view) => [
    { dtype: view.input(0).dtype, shape: permutation(view).map((axis) => view.input(0).shape[axis]!) },
  ],
  refuse(view) {
    const rank = view.input(0).shape.length;
    const sorted = permutation(view).toSorted((a, b) => a - b);
    return sorted.length === rank && sorted.every((axis, index) => axis === index)
      ? null
      : {
          reason: `[${permutation(view)}] is no permutation of ${rank} axes`,
          hint: 'export the network again',
        };
  },
  moves(view) {
    const strides = stridesOf(view.input(0).shape);
    const inStrides = permutation(view).map((axis) => strides[axis]!);
    const dims = view.output(0).shape;
    return [
      {
        input: 0,
        output: 0,
        box: { dims, inStrides, outStrides: stridesOf(dims), inOffset: 0, outOffset: 0 },
      },
    ];
  },
});

function permutation(view: OpView): number[] {
  const rank = view.input(0).shape.length;
  return (constantIntegers(view.input(1)) ?? []).map((axis) => (axis < 0 ? axis + rank : axis));
}
