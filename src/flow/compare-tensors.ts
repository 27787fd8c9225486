/** How far two runs of a network are apart. */
import { type DType, typedArray } from '../ir/tensor.js';

export interface Difference {
  readonly elements: number;
  /** Elements whose bytes differ. */
  readonly differing: number;
  readonly maxAbsDiff: number;
  readonly rmse: number;
  /** Null when one side is all zeros and the other is not. */
  readonly cosine: number | null;
}

/** Element-wise difference of two tensors of one type and length, in stored values. */
export function compareTensors(dtype: DType, actual: Uint8Array, expected: Uint8Array): Difference {
  const [a, b] = [
    Array.from(typedArray(dtype, actual), Number),
    Array.from(typedArray(dtype, expected), Number),
  ];
  const deltas = a.map((value, index) => (Object.is(value, b[index]) ? 0 : Math.abs(value - b[index]!)));
  const norm = (values: readonly number[]) =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const product = a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  const [lengthA, lengthB] = [norm(a), norm(b)];
  const differing = deltas.filter((delta) => delta !== 0).length;
  return {
    elements: a.length,
    differing,
    maxAbsDiff: deltas.reduce(
      (largest, delta) => (Number.isNaN(delta) ? Number.POSITIVE_INFINITY : Math.max(largest, delta)),
      0,
    ),
    rmse: norm(deltas) / Math.sqrt(Math.max(1, deltas.length)),
    cosine:
      lengthA === 0 && lengthB === 0
        ? 1
        : lengthA === 0 || lengthB === 0
          ? null
          : Math.min(1, product / (lengthA * lengthB)),
  };
}
