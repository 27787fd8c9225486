/** ZEROS_LIKE: as many zeros as the input has elements. */
import { tensorBytes } from '../ir/tensor.js';
import { refuseRescale } from './data-movement.js';
import { fillCall } from './move.js';
import type { OpDef } from './op-def.js';
import { firstRefusal, refuseDtype } from './refusal.js';

/** Beyond this the zeros are made on the device. */
const maxFoldedBytes = 4096;

export const zerosLike: OpDef = {
  kind: 'zeros_like',
  tflite: [{ builtin: 93, name: 'ZEROS_LIKE', attrs: () => ({}) }],
  infer: (view) => [{ dtype: view.input(0).dtype, shape: view.input(0).shape }],
  refuse: (view) =>
    firstRefusal(
      () => refuseDtype(view.input(0), ['int32', 'int64', 'float32'], 'the input'),
      () => refuseRescale([view.input(0)], view.outputs),
    ),
  macs: () => 0,
  overlaps: () => [{ input: 0, output: 0, leadBytes: 0 }],
  calls: (view) => [fillCall(view.output(0), new Uint8Array(8))],
  fold: (view) =>
    tensorBytes(view.output(0)) <= maxFoldedBytes ? [new Uint8Array(tensorBytes(view.output(0)))] : null,
};
