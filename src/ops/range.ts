/** RANGE: start, start + delta, ... below a limit; all three are constant scalars, and so is the result. */
import { ReflowError } from '../base/error.js';
import { constantValues, elementCount } from '../ir/tensor.js';
import { integerBytes, integers } from './fold.js';
import { constantCall } from './move.js';
import type { OpDef, OpView } from './op-def.js';
import { firstRefusal, refuseComputed, refuseDtype, refuseMixedTypes } from './refusal.js';

/** A longer one is no shape arithmetic, and would fill the flash. */
const maxElements = 4096;

export const range: OpDef = {
  kind: 'range',
  tflite: [{ builtin: 96, name: 'RANGE', attrs: () => ({}) }],
  infer(view) {
    const { start, limit, delta } = bounds(view);
    return [
      { dtype: view.input(0).dtype, shape: [Math.max(0, Math.ceil(Math.abs((limit - start) / delta)))] },
    ];
  },
  refuse: (view) =>
    firstRefusal(
      () => refuseDtype(view.input(0), ['int32', 'int64', 'float32'], 'the start'),
      () => refuseMixedTypes(view, view.input(1), view.input(2), view.output(0)),
      () => refuseComputed(view.input(0), 'the start'),
      () => refuseComputed(view.input(1), 'the limit'),
      () => refuseComputed(view.input(2), 'the step'),
      () =>
        elementCount(view.output(0).shape) <= maxElements
          ? null
          : { reason: `more than ${maxElements} elements`, hint: 'store them as a constant' },
    ),
  macs: () => 0,
  overlaps: () => [],
  calls: (view) => [constantCall(view.output(0), elements(view))],
  fold: (view) => [elements(view)],
};

function bounds(view: OpView): { start: number; limit: number; delta: number } {
  const [start, limit, delta] = [0, 1, 2].map((index) => {
    const values = constantValues(view.input(index));
    return values?.length === 1 ? values[0]! : Number.NaN;
  }) as [number, number, number];
  if (delta !== 0 && (limit - start) / delta >= 0) return { start, limit, delta };
  throw new ReflowError(
    'E_GRAPH',
    `a range from ${start} to ${limit} in steps of ${delta} is impossible`,
    'export the network again',
  );
}

function elements(view: OpView): Uint8Array {
  const { start, delta } = bounds(view);
  const { dtype, shape } = view.output(0);
  const count = elementCount(shape);
  if (dtype === 'float32') return new Uint8Array(floats(start, delta, count).buffer);
  const [first = 0n, step = 0n] = [0, 2].map((index) => integers(view.input(index))?.[0] ?? 0n);
  return integerBytes(
    view.output(0),
    Array.from({ length: count }, (_, index) => first + BigInt(index) * step),
  );
}

/** As TensorFlow's reference kernel: each float32 value is the one before plus the step. */
function floats(start: number, delta: number, count: number): Float32Array {
  const values = new Float32Array(count);
  let value = start;
  for (let index = 0; index < count; index++) {
    values[index] = value;
    value = Math.fround(value + delta);
  }
  return values;
}
