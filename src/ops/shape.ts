/** SHAPE and RANK: shapes are static here, so both are constants. */
import { integerBytes } from './fold.js';
import { constantCall } from './move.js';
import type { OpDef, OpView, TfliteBinding } from './op-def.js';
import { refuseDtype } from './refusal.js';

export const shape = known('shape', { builtin: 77, name: 'SHAPE', attrs: () => ({}) }, (view) => [
  ...view.input(0).shape,
]);

export const rank = known(
  'rank',
  { builtin: 110, name: 'RANK', attrs: () => ({}) },
  (view) => view.input(0).shape.length,
);

type Binding = TfliteBinding<Record<string, never>>;

function known(kind: string, binding: Binding, value: (view: OpView) => number | number[]): OpDef {
  const bytes = (view: OpView) => integerBytes(view.output(0), [value(view)].flat().map(BigInt));
  return {
    kind,
    tflite: [binding],
    infer(view) {
      const result = value(view);
      return [{ dtype: view.output(0).dtype, shape: typeof result === 'number' ? [] : [result.length] }];
    },
    refuse: (view) => refuseDtype(view.output(0), ['int32', 'int64'], 'the output'),
    macs: () => 0,
    overlaps: () => [],
    calls: (view) => [constantCall(view.output(0), bytes(view))],
    fold: (view) => [bytes(view)],
  };
}
