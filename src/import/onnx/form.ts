/**
 * Where the axes that ONNX speaks of (its images are NCHW) lie in our tensors (whose images are NHWC). Nothing is moved for
 * a change of axes alone: a value carries its form along, and data moves only where an operator wants another form.
 */
import { elementCount } from '../../ir/tensor.js';
import { type Constant, reshaped, transposed } from './constant.js';

/**
 * Dimension i of the tensor holds axis form[i] of the value; null holds none and has length 1. Axes of length 1 may be
 * missing.
 */
export type Form = readonly (number | null)[];

/** Axes in the order that ONNX gives them. */
export function plainForm(rank: number): Form {
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** NHWC for an image [N, C, H, W]; for a signal [N, C, T] an image whose rows are the moments in time, one pixel wide. */
export function imageForm(rank: number): Form {
  return rank === 3 ? [0, 2, null, 1] : [0, 2, 3, 1];
}

/** Whether the last dimension holds the channels, axis 1, of an image or signal. */
export function isImage(form: Form, rank: number): boolean {
  return (rank === 3 || rank === 4) && form.join() === imageForm(rank).join();
}

/** Shape of the tensor that holds a value of this shape. */
export function formShape(form: Form, shape: readonly number[]): number[] {
  return form.map((axis) => (axis === null ? 1 : shape[axis]!));
}

/** The axes that are longer than 1, in the order in which the tensor holds them. */
export function axisOrder(form: Form, shape: readonly number[]): number[] {
  return form.filter((axis): axis is number => axis !== null && shape[axis]! > 1);
}

/** Whether two forms of one shape hold the elements in the same order. */
export function sameOrder(a: Form, b: Form, shape: readonly number[]): boolean {
  return axisOrder(a, shape).join() === axisOrder(b, shape).join();
}

/** The form of a value of higher rank that broadcasts: its axes count from the end. */
export function liftForm(form: Form, rank: number, toRank: number): Form {
  return form.map((axis) => (axis === null ? null : axis + toRank - rank));
}

/** The form in which an operand of lower rank stands beside one of form `form` and rank `rank`. */
export function lowerForm(form: Form, rank: number, toRank: number): Form {
  return form.map((axis) => (axis === null || axis < rank - toRank ? null : axis - (rank - toRank)));
}

/** Which dimension of a tensor of form `from` becomes which of form `to`; null when their numbers of dimensions differ. */
export function permutationBetween(from: Form, to: Form, shape: readonly number[]): number[] | null {
  const long = (axis: number | null) => axis !== null && shape[axis]! > 1;
  const spare = from.flatMap((axis, at) => (long(axis) ? [] : [at]));
  if (from.length !== to.length) return null;
  return to.map((axis) => (long(axis) ? from.indexOf(axis) : spare.shift()!));
}

/** A constant as a tensor of this form holds it. */
export function inForm(constant: Constant, form: Form): Constant {
  const { shape, quant } = constant;
  const order = axisOrder(form, shape);
  const rest = [...shape.keys()].filter((axis) => !order.includes(axis));
  const moved = reshaped(transposed(constant, [...rest, ...order]), formShape(form, shape));
  return quant && quant.axis !== null
    ? { ...moved, quant: { ...quant, axis: form.indexOf(quant.axis) } }
    : moved;
}

/** One step of a reshape: axes of the old shape that become axes of the new one, those of length 1 left out. */
interface Group {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** The smallest groups of axes that hold the same elements before and after; null when the counts differ. */
function groups(from: readonly number[], to: readonly number[]): Group[] | null {
  if (elementCount(from) !== elementCount(to)) return null;
  const long = (shape: readonly number[]) => shape.flatMap((dim, axis) => (dim > 1 ? [axis] : []));
  const [olds, news] = [long(from), long(to)];
  const found: Group[] = [];
  while (olds.length > 0) {
    const group = { from: [olds.shift()!], to: [news.shift()!] };
    let [left, right] = [from[group.from[0]!]!, to[group.to[0]!]!];
    while (left !== right) {
      if (left < right) {
        group.from.push(olds[0]!);
        left *= from[olds.shift()!]!;
      } else {
        group.to.push(news[0]!);
        right *= to[news.shift()!]!;
      }
    }
    found.push(group);
  }
  return found;
}

/**
 * The form that a value of shape `from` has as one of shape `to` when no element moves; null when elements would have to.
 * `same` says that the tensor's own shape serves as it is.
 */
export function reshapedForm(
  form: Form,
  from: readonly number[],
  to: readonly number[],
): { readonly form: Form; readonly same: boolean } | null {
  const steps = groups(from, to);
  if (!steps) return null;
  if (steps.every((step) => step.from.length === 1 && step.to.length === 1)) {
    const renamed = new Map(steps.map((step) => [step.from[0]!, step.to[0]!]));
    return { form: form.map((axis) => (axis === null ? null : (renamed.get(axis) ?? null))), same: true };
  }
  const order = axisOrder(form, from);
  const result: number[] = [];
  for (let at = 0; at < order.length; ) {
    const step = steps.find((candidate) => candidate.from[0] === order[at]);
    if (!step || step.from.some((axis, index) => order[at + index] !== axis)) return null;
    result.push(...step.to);
    at += step.from.length;
  }
  const single = to.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  const increasing = result.every((axis, index) => index === 0 || axis > result[index - 1]!);
  return { form: increasing ? plainForm(to.length) : [...single, ...result], same: false };
}
