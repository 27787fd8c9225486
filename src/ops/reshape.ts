/** RESHAPE, SQUEEZE, EXPAND_DIMS: the same bytes under another shape. In place it costs nothing. */
import { elementCount, tensorBytes } from '../ir/tensor.js';
import type { OpDef } from './op-def.js';

export type ReshapeAttrs = { readonly [name: string]: never };

export const reshape: OpDef<ReshapeAttrs> = {
  kind: 'reshape',
  tflite: [
    { builtin: 22, name: 'RESHAPE', attrs: () => ({}) },
    { builtin: 43, name: 'SQUEEZE', attrs: () => ({}) },
    { builtin: 70, name: 'EXPAND_DIMS', attrs: () => ({}) },
  ],
  // The file states the output's shape; only the number of elements can contradict it.
  infer: (view) => [{ dtype: view.input(0).dtype, shape: view.output(0).shape }],
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
