/** GATHER: slices along one axis, picked by constant or computed indices. Inputs: data, indices. */
import { ReflowError } from '../base/error.js';
import { constantIntegers, dtypeBytes, elementCount, tensorBytes } from '../ir/tensor.js';
import { refuseRescale } from './data-movement.js';
import type { OpDef, OpView } from './op-def.js';
import { firstRefusal, refuseDtype } from './refusal.js';
import { suffixOf } from './suffix.js';

export type GatherAttrs = { readonly axis: number; readonly batchDims: number };

export const gather: OpDef<GatherAttrs> = {
  kind: 'gather',
  tflite: [
    {
      builtin: 36,
      name: 'GATHER',
      attrs: (options) => ({ axis: options.int(0, 0), batchDims: options.int(1, 0) }),
    },
  ],
  infer(view) {
    const { axis, batchDims } = axes(view);
    const [data, indices] = [view.input(0), view.input(1)];
    return [
      {
        dtype: data.dtype,
        shape: [
          ...data.shape.slice(0, axis),
          ...indices.shape.slice(batchDims),
          ...data.shape.slice(axis + 1),
        ],
      },
    ];
  },
  refuse: (view) =>
    firstRefusal(
      () => refuseDtype(view.input(1), ['int32', 'int64'], 'the list of indices'),
      () => refuseRescale([view.input(0)], view.outputs),
      () => {
        const size = view.input(0).shape[axes(view).axis]!;
        const outside = constantIntegers(view.input(1))?.find((index) => !(index >= 0 && index < size));
        return outside === undefined
          ? null
          : { reason: `index ${outside} is not in an axis of ${size}`, hint: 'export the network again' };
      },
    ),
  macs: () => 0,
  overlaps: () => [],
  calls: (view) => [
    {
      kernel: `gather_${suffixOf(view.input(1).dtype)}`,
      file: 'gather',
      paramsType: 'gather_params',
      params: { ...geometry(view) },
      form: 'whole',
      reads: [view.input(0).id, view.input(1).id],
      writes: [view.output(0).id],
      scratchBytes: 0,
    },
  ],
  fold(view) {
    const [data, indices] = [view.input(0).data, constantIntegers(view.input(1))];
    if (!data || !indices) return null;
    const { batches, outer, axis_size, coordinates, inner_bytes } = geometry(view);
    const result = new Uint8Array(tensorBytes(view.output(0)));
    for (let to = 0, run = 0; run < batches * outer; run++) {
      const first = Math.floor(run / outer) * coordinates;
      for (const index of indices.slice(first, first + coordinates)) {
        const from = (run * axis_size + index) * inner_bytes;
        result.set(data.subarray(from, from + inner_bytes), to);
        to += inner_bytes;
      }
    }
    return [result];
  },
};

function axes(view: OpView<GatherAttrs>): { axis: number; batchDims: number } {
  const [data, indices] = [view.input(0).shape, view.input(1).shape];
  const axis = view.attrs.axis < 0 ? view.attrs.axis + data.length : view.attrs.axis;
  const batchDims = view.attrs.batchDims < 0 ? view.attrs.batchDims + indices.length : view.attrs.batchDims;
  const fits =
    axis >= 0 &&
    axis < data.length &&
    batchDims >= 0 &&
    batchDims <= Math.min(axis, indices.length) &&
    data.slice(0, batchDims).join() === indices.slice(0, batchDims).join();
  if (fits) return { axis, batchDims };
  throw new ReflowError(
    'E_GRAPH',
    `axis ${view.attrs.axis} with ${view.attrs.batchDims} batch dimensions does not fit [${data}] and [${indices}]`,
    'export the network again',
  );
}

/** `rf_gather_params`. */
function geometry(view: OpView<GatherAttrs>) {
  const { axis, batchDims } = axes(view);
  const { dtype, shape } = view.input(0);
  return {
    batches: elementCount(shape.slice(0, batchDims)),
    outer: elementCount(shape.slice(batchDims, axis)),
    axis_size: shape[axis]!,
    coordinates: elementCount(view.input(1).shape.slice(batchDims)),
    inner_bytes: elementCount(shape.slice(axis + 1)) * dtypeBytes[dtype],
  };
}
