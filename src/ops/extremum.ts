/** MAXIMUM and MINIMUM with broadcast. They compare raw integers, so quantised tensors must share one quantisation. */
import { type BinaryOp, binaryBinding, binaryOp } from './binary.js';
import { refuseDifferentScales } from './refusal.js';

const shared = {
  file: 'extremum',
  dtypes: ['int8', 'int16', 'int32', 'int64', 'float32'],
  params: () => ({ type: 'binary_plain', fields: {} }),
  refuseQuantisation: (view) => refuseDifferentScales(view.input(0), view.input(1), view.output(0)),
} as const satisfies Partial<BinaryOp>;

export const maximum = binaryOp({
  ...shared,
  kind: 'maximum',
  tflite: [binaryBinding(55, 'MAXIMUM')],
  evaluate: (a, b) => (a - b > 0n ? a : b),
});

export const minimum = binaryOp({
  ...shared,
  kind: 'minimum',
  tflite: [binaryBinding(57, 'MINIMUM')],
  evaluate: (a, b) => (a - b < 0n ? a : b),
});
