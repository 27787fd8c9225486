/** ARG_MAX and ARG_MIN: position of the largest or smallest element along a constant axis; the first of equal ones. */
import { ReflowError } from '../base/error.js';
import { constantIntegers, elementCount } from '../ir/tensor.js';
import type { OpDef, OpView } from './op-def.js';
import { firstRefusal, refuseComputed, refuseDtype } from './refusal.js';
import { suffixOf } from './suffix.js';

export const argMax = argument('arg_max', 56, 'ARG_MAX');
export const argMin = argument('arg_min', 79, 'ARG_MIN');

function argument(kind: 'arg_max' | 'arg_min', builtin: number, name: string): OpDef {
  return {
    kind,
    tflite: [{ builtin, name, attrs: () => ({}) }],
    infer: (view) => [{ dtype: view.output(0).dtype, shape: view.input(0).shape.toSpliced(axisOf(view), 1) }],
    refuse: (view) =>
      firstRefusal(
        () => refuseDtype(view.input(0), ['int8', 'uint8', 'int16', 'int32', 'float32'], 'the input'),
        () => refuseDtype(view.output(0), ['int32', 'int64'], 'the output'),
        () => refuseComputed(view.input(1), 'the axis'),
      ),
    macs: () => 0,
    overlaps: () => [],
    calls(view) {
      const [input, output] = [view.input(0), view.output(0)];
      const axis = axisOf(view);
      return [
        {
          kernel: `${kind}_${suffixOf(input.dtype)}${output.dtype === 'int64' ? '_s64' : ''}`,
          file: 'arg_max',
          paramsType: 'arg_max_params',
          params: {
            outer: elementCount(input.shape.slice(0, axis)),
            axis_size: input.shape[axis]!,
            inner: elementCount(input.shape.slice(axis + 1)),
          },
          form: 'whole',
          reads: [input.id],
          writes: [output.id],
          scratchBytes: 0,
        },
      ];
    },
  };
}

function axisOf(view: OpView): number {
  const { shape } = view.input(0);
  const stated = constantIntegers(view.input(1))?.[0] ?? Number.NaN;
  const axis = stated < 0 ? stated + shape.length : stated;
  if (axis >= 0 && axis < shape.length) return axis;
  throw new ReflowError(
    'E_GRAPH',
    `there is no axis ${stated} in ${shape.length} dimensions`,
    'export the network again',
  );
}
