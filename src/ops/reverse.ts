/** REVERSE_V2: elements in opposite order along constant axes. */
import { constantIntegers } from '../ir/tensor.js';
import { dataMovement } from './data-movement.js';
import { stridesOf } from './move.js';
import type { OpView } from './op-def.js';

export const reverse = dataMovement({
  kind: 'reverse',
  tflite: [{ builtin: 105, name: 'REVERSE_V2', attrs: () => ({}) }],
  data: () => [0],
  constants: [1],
  infer: (view) => [{ dtype: view.input(0).dtype, shape: view.input(0).shape }],
  refuse(view) {
    const rank = view.input(0).shape.length;
    const wrong = axes(view).find((axis) => !(axis >= 0 && axis < rank));
    return wrong === undefined
      ? null
      : { reason: `there is no axis ${wrong} in ${rank} dimensions`, hint: 'export the network again' };
  },
  moves(view) {
    const dims = view.input(0).shape;
    const outStrides = stridesOf(dims);
    const turned = axes(view);
    const inStrides = outStrides.map((stride, axis) => (turned.includes(axis) ? -stride : stride));
    const inOffset = dims.reduce(
      (sum, dim, axis) => sum + (turned.includes(axis) ? (dim - 1) * outStrides[axis]! : 0),
      0,
    );
    return [{ input: 0, output: 0, box: { dims, inStrides, outStrides, inOffset, outOffset: 0 } }];
  },
});

function axes(view: OpView): number[] {
  const rank = view.input(0).shape.length;
  return (constantIntegers(view.input(1)) ?? []).map((axis) => (axis < 0 ? axis + rank : axis));
}
