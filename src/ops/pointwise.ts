/** When an operator may be applied to each row of an image alone. */
import { isTall, type OpView, type RowRule } from './op-def.js';

/** For element-wise operators: every operand is either as tall as the output or the same for all rows. */
export function pointwiseRows(view: OpView): RowRule | null {
  const { shape } = view.output(0);
  if (shape.length !== 4 || shape[0] !== 1) return null;
  const everyRowAlike = view.inputs.every(
    (tensor) => tensor === null || isTall(tensor, shape[1]) || (tensor.shape.at(-3) ?? 1) === 1,
  );
  return everyRowAlike ? { kind: 'pointwise' } : null;
}
