/** PAD (real zeros) and PADV2 (a constant value): fill, then the input as a box in the middle. */
import { constantIntegers, dtypeBytes, elementCount, type Tensor } from '../ir/tensor.js';
import { refuseRescale } from './data-movement.js';
import { fillCall, moveCall, stridesOf } from './move.js';
import type { OpDef, OpView } from './op-def.js';
import { firstRefusal, refuseComputed } from './refusal.js';

export const pad: OpDef = {
  kind: 'pad',
  tflite: [
    { builtin: 34, name: 'PAD', attrs: () => ({}) },
    { builtin: 60, name: 'PADV2', attrs: () => ({}) },
  ],
  infer(view) {
    const amounts = amountsOf(view);
    return [
      {
        dtype: view.input(0).dtype,
        shape: view
          .input(0)
          .shape.map((dim, axis) => dim + (amounts[axis]?.before ?? 0) + (amounts[axis]?.after ?? 0)),
      },
    ];
  },
  refuse: (view) =>
    firstRefusal(
      () => refuseComputed(view.input(1), 'the padding'),
      () => refuseComputed(view.inputs[2] ?? null, 'the padding value'),
      () => refuseRescale([view.input(0), ...(view.inputs[2] ? [view.inputs[2]] : [])], view.outputs),
      () =>
        !view.inputs[2] || elementCount(view.inputs[2].shape) === 1
          ? null
          : { reason: 'the padding value is no single element', hint: 'pad with one value' },
      () => {
        const amounts = amountsOf(view);
        const fits =
          amounts.length === view.input(0).shape.length &&
          amounts.every(({ before, after }) => before >= 0 && after >= 0);
        return fits
          ? null
          : { reason: 'the padding does not fit the input', hint: 'export the network again' };
      },
    ),
  macs: () => 0,
  overlaps: () => [],
  calls(view) {
    const [input, output] = [view.input(0), view.output(0)];
    const outStrides = stridesOf(output.shape);
    const outOffset = amountsOf(view).reduce((sum, { before }, axis) => sum + before * outStrides[axis]!, 0);
    const box = { dims: input.shape, inStrides: stridesOf(input.shape), outStrides, inOffset: 0, outOffset };
    return [fillCall(output, paddingElement(view.inputs[2] ?? null, output)), moveCall(input, output, box)];
  },
};

function amountsOf(view: OpView): { before: number; after: number }[] {
  const values = constantIntegers(view.input(1)) ?? [];
  return Array.from({ length: values.length / 2 }, (_, axis) => ({
    before: values[2 * axis]!,
    after: values[2 * axis + 1]!,
  }));
}

/** The padding element: the given one, or real zero. */
function paddingElement(value: Tensor | null, output: Tensor): Uint8Array {
  return value?.data ?? zeroElement(output);
}

/** Real zero, which is the zero point of a quantised tensor, as little-endian bytes. */
export function zeroElement({ quant, dtype }: Tensor): Uint8Array {
  const zero = quant?.zeroPoints[0] ?? 0;
  return Uint8Array.from({ length: dtypeBytes[dtype] }, (_, byte) => zero >> (8 * byte));
}
