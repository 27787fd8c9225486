/** RESHAPE, SQUEEZE, EXPAND_DIMS: the same bytes under another shape. In place it costs nothing. */
import { constantIntegers, elementCount, tensorBytes } from '../ir/tensor.js';
import type { OpDef, OpView } from './op-def.js';

export type ReshapeAttrs = {
  /** What the file calls it decides how the shape is computed. */
  readonly rule: 'reshape' | 'squeeze' | 'expand';
  /** RESHAPE: the shape when no input states it. SQUEEZE: the axes, or none for all of length 1. */
  readonly dims: readonly number[];
};

export const reshape: OpDef<ReshapeAttrs> = {
  kind: 'reshape',
  tflite: [
    { builtin: 22, name: 'RESHAPE', attrs: (options) => ({ rule: 'reshape', dims: options.ints(0) }) },
    { builtin: 43, name: 'SQUEEZE', attrs: (options) => ({ rule: 'squeeze', dims: options.ints(0) }) },
    { builtin: 70, name: 'EXPAND_DIMS', attrs: () => ({ rule: 'expand', dims: [] }) },
  ],
  infer: (view) => [{ dtype: view.input(0).dtype, shape: shapeOf(view) ?? view.output(0).shape }],
  refuse(view) {
    const [from, to] = [view.input(0), view.output(0)];
    if (elementCount(from.shape) === elementCount(to.shape)) return null;
    return {
      reason: `[${from.shape}] cannot become [${to.shape}]`,
      hint: 'export the network with a fixed batch size',
    };
  },
  macs: () => 0,
  overlaps: () => [{ input: 0, output: 0, leadBytes: 0 }],
  calls: (view) => [
    {
      kernel: 'copy',
      file: 'copy',
      paramsType: 'copy_params',
      params: { bytes: tensorBytes(view.output(0)) },
      form: 'whole',
      reads: [view.input(0).id],
      writes: [view.output(0).id],
      scratchBytes: 0,
    },
  ],
  fold: (view) => (view.input(0).data === null ? null : [view.input(0).data!]),
};

/** The output's shape, or null when only the file's statement is left to go by. */
function shapeOf(view: OpView<ReshapeAttrs>): readonly number[] | null {
  const { shape } = view.input(0);
  const { rule, dims } = view.attrs;
  if (rule === 'squeeze') {
    const axes = new Set(dims.map((axis) => (axis < 0 ? axis + shape.length : axis)));
    return shape.filter((dim, axis) => dim !== 1 || (axes.size > 0 && !axes.has(axis)));
  }
  const stated = view.inputs[1] ? constantIntegers(view.inputs[1]) : null;
  if (rule === 'expand') {
    const axis = stated?.[0];
    return axis === undefined ? null : shape.toSpliced(axis < 0 ? axis + shape.length + 1 : axis, 0, 1);
  }
  const wanted = stated ?? (view.inputs[1] || dims.length === 0 ? null : dims);
  if (wanted === null) return null;
  const known = wanted.reduce((product, dim) => product * (dim === -1 ? 1 : dim), 1);
  const filled = wanted.map((dim) => (dim === -1 ? elementCount(shape) / known : dim));
  return elementCount(filled) === elementCount(shape) ? filled : null;
}
