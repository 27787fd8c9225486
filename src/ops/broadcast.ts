/** Shapes of element-wise operators with two operands: NumPy's rule, and the strides that runtime-c/rf_broadcast.h walks. */
import { ReflowError } from '../base/error.js';
import { elementCount } from '../ir/tensor.js';
import type { CStruct, CValue } from './op-def.js';

/** RF_MAX_RANK of runtime-c/rf.h. */
export const maxRank = 6;

/** Shape of the result; throws ReflowError E_GRAPH when the shapes do not broadcast. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const [left, right] = [padded(a, rank), padded(b, rank)];
  return left.map((dim, axis) => {
    const other = right[axis]!;
    if (dim === other || other === 1) return dim;
    if (dim === 1) return other;
    throw new ReflowError('E_GRAPH', `shapes [${a}] and [${b}] do not broadcast`, 'export the network again');
  });
}

/** Whether one step (0 or 1) per operand is enough to walk it: equal shapes, or one operand a single element. */
export function flatSteps(
  a: readonly number[],
  b: readonly number[],
  out: readonly number[],
): CStruct | null {
  const count = elementCount(out);
  const step = (shape: readonly number[]) =>
    elementCount(shape) === count ? 1 : elementCount(shape) === 1 ? 0 : null;
  const [aStep, bStep] = [step(a), step(b)];
  return aStep === null || bStep === null ? null : { a_step: aStep, b_step: bStep };
}

/** `rf_broadcast` for these shapes, and the steps along the last dimension for the flat kernel inside. */
export function broadcastStruct(
  a: readonly number[],
  b: readonly number[],
  out: readonly number[],
): { shape: CValue; steps: CStruct } {
  const axes = joined(a, b, out);
  const list = (values: readonly number[], filler: number) => ({
    list: [...Array<number>(maxRank - values.length).fill(filler), ...values],
  });
  const last = axes.at(-1)!;
  return {
    shape: {
      struct: {
        dims: list(
          axes.map(({ dim }) => dim),
          1,
        ),
        a: list(
          axes.map((axis) => axis.a),
          0,
        ),
        b: list(
          axes.map((axis) => axis.b),
          0,
        ),
      },
    },
    steps: { a_step: last.a, b_step: last.b },
  };
}

/** The axes with the strides of both operands; those that follow each other in both are made one, so that runs are long. */
function joined(a: readonly number[], b: readonly number[], out: readonly number[]) {
  const [strideA, strideB] = [strides(a), strides(b)];
  const axes: { dim: number; a: number; b: number }[] = [];
  for (const [index, dim] of padded(out, maxRank).entries()) {
    if (dim === 1) continue;
    const axis = { dim, a: strideA[index]!, b: strideB[index]! };
    const outer = axes.at(-1);
    if (outer && outer.a === dim * axis.a && outer.b === dim * axis.b) {
      axes[axes.length - 1] = { ...axis, dim: outer.dim * dim };
    } else axes.push(axis);
  }
  return axes.length > 0 ? axes : [{ dim: 1, a: 0, b: 0 }];
}

/** The shape with 1 in front, up to `rank` dimensions. */
export function padded(shape: readonly number[], rank: number): number[] {
  return [...Array<number>(rank - shape.length).fill(1), ...shape];
}

/** Element strides of a shape padded to `maxRank`, 0 where the operand repeats. */
export function strides(shape: readonly number[]): number[] {
  const dims = padded(shape, maxRank);
  return dims.map((dim, axis) => (dim === 1 ? 0 : elementCount(dims.slice(axis + 1))));
}
