/** REDUCE_MAX and REDUCE_MIN over constant axes; input and output share one quantisation. */
import { refuseRescale } from './data-movement.js';
import type { OpDef } from './op-def.js';
import { type ReduceAttrs, reducedAxes, reduceGeometry } from './reduce.js';
import { firstRefusal, refuseComputed, refuseDtype } from './refusal.js';
import { suffixOf } from './suffix.js';

export const reduceMax = extremum('reduce_max', 82, 'REDUCE_MAX');
export const reduceMin = extremum('reduce_min', 89, 'REDUCE_MIN');

function extremum(kind: 'reduce_max' | 'reduce_min', builtin: number, name: string): OpDef<ReduceAttrs> {
  return {
    kind,
    tflite: [{ builtin, name, attrs: (options) => ({ keepDims: options.bool(0, false) }) }],
    infer(view) {
      const axes = reducedAxes(view);
      const { dtype, shape } = view.input(0);
      const kept = shape.map((dim, axis) => (axes.has(axis) ? 1 : dim));
      return [{ dtype, shape: view.attrs.keepDims ? kept : shape.filter((_, axis) => !axes.has(axis)) }];
    },
    refuse: (view) =>
      firstRefusal(
        () => refuseDtype(view.input(0), ['int8', 'int16', 'int32', 'float32'], 'the input'),
        () => refuseComputed(view.input(1), 'the list of axes'),
        () => refuseRescale([view.input(0)], view.outputs),
      ),
    macs: () => 0,
    overlaps: () => [],
    calls: (view) => [
      {
        kernel: `${kind}_${suffixOf(view.input(0).dtype)}`,
        file: 'reduce',
        paramsType: 'reduce_extremum_params',
        params: reduceGeometry(view),
        form: 'whole',
        reads: [view.input(0).id],
        writes: [view.output(0).id],
        scratchBytes: 0,
      },
    ],
  };
}
