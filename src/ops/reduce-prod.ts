/** REDUCE_PROD of constants: exporters multiply the dimensions of a shape with it. */
import { elementCount } from '../ir/tensor.js';
import { integerBytes, integers } from './fold.js';
import { constantCall, stridesOf } from './move.js';
import type { OpDef, OpView } from './op-def.js';
import { type ReduceAttrs, reducedAxes } from './reduce.js';
import { firstRefusal, refuseComputed, refuseDtype, refuseMixedTypes } from './refusal.js';

export const reduceProd: OpDef<ReduceAttrs> = {
  kind: 'reduce_prod',
  tflite: [{ builtin: 81, name: 'REDUCE_PROD', attrs: (options) => ({ keepDims: options.bool(0, false) }) }],
  infer(view) {
    const axes = reducedAxes(view);
    const { dtype, shape } = view.input(0);
    const kept = shape.map((dim, axis) => (axes.has(axis) ? 1 : dim));
    return [{ dtype, shape: view.attrs.keepDims ? kept : shape.filter((_, axis) => !axes.has(axis)) }];
  },
  refuse: (view) =>
    firstRefusal(
      () => refuseDtype(view.input(0), ['int32', 'int64'], 'the input'),
      () => refuseMixedTypes(view, view.output(0)),
      () => refuseComputed(view.input(0), 'the input'),
      () => refuseComputed(view.input(1), 'the list of axes'),
    ),
  macs: () => 0,
  overlaps: () => [],
  calls: (view) => [constantCall(view.output(0), products(view))],
  fold: (view) => [products(view)],
};

function products(view: OpView): Uint8Array {
  const axes = reducedAxes(view);
  const { shape } = view.input(0);
  const strides = stridesOf(shape);
  const kept = stridesOf(shape.map((dim, axis) => (axes.has(axis) ? 1 : dim)));
  const results = Array<bigint>(elementCount(view.output(0).shape)).fill(1n);
  for (const [index, value] of integers(view.input(0))!.entries()) {
    const target = shape.reduce(
      (sum, dim, axis) =>
        sum + (axes.has(axis) ? 0 : (Math.floor(index / strides[axis]!) % dim) * kept[axis]!),
      0,
    );
    results[target]! *= value;
  }
  return integerBytes(view.output(0), results);
}
