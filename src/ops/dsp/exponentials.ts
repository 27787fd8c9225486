/** The exponentials of an int8 softmax as a table: a score differs from the largest one by 0 to 255. */
import { exponentialOfDifference } from '../fixed-point.js';
import type { OpView } from '../op-def.js';
import type { SoftmaxAttrs } from '../softmax.js';
import { softmax } from '../softmax.js';

/** 0 for differences that the softmax leaves out. */
export function softmaxExponentials(view: OpView): Int32Array {
  const { multiplier, left_shift, diff_min } = softmax.calls(view as OpView<SoftmaxAttrs>)[0]!.params as {
    readonly [field: string]: number;
  };
  return Int32Array.from({ length: 256 }, (_, distance) =>
    -distance < diff_min! ? 0 : exponentialOfDifference(-distance, multiplier!, left_shift!),
  );
}
