/** RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR of NHWC images to a constant size, by TensorFlow's three grids. */
import { constantIntegers, dtypeBytes, elementCount, type Tensor } from '../ir/tensor.js';
import { refuseRescale } from './data-movement.js';
import type { CValue, KernelCall, OpDef, OpView, Refusal, TfliteBinding } from './op-def.js';
import { firstRefusal, refuseComputed, refuseDtype, refuseRank } from './refusal.js';
import { bilinearSources, fixedAxis, floatAxis, type Grid, nearestIndices } from './resize-grid.js';
import { suffixOf } from './suffix.js';

export type ResizeAttrs = { readonly alignCorners: boolean; readonly halfPixelCenters: boolean };

export const resizeNearestNeighbor = resize(
  'resize_nearest_neighbor',
  {
    builtin: 97,
    name: 'RESIZE_NEAREST_NEIGHBOR',
    attrs: (options) => ({
      alignCorners: options.bool(0, false),
      halfPixelCenters: options.bool(1, false),
    }),
  },
  {
    dtypes: ['int8', 'uint8', 'int16', 'int32', 'float32', 'bool'],
    sources(view) {
      const rows = nearestIndices(gridOf(view, 1));
      return (y) => [rows[y]!, rows[y]!];
    },
    call(view) {
      const table = (role: string, axis: 1 | 2): CValue => ({
        array: { role, values: nearestIndices(gridOf(view, axis)), weight: false },
      });
      return {
        kernel: 'resize_nearest_neighbor',
        paramsType: 'resize_nearest_neighbor_params',
        params: {
          element_bytes: dtypeBytes[view.input(0).dtype],
          ...planes(view),
          in_y: table('rows', 1),
          in_x: table('columns', 2),
        },
      };
    },
  },
);

export const resizeBilinear = resize(
  'resize_bilinear',
  {
    builtin: 23,
    name: 'RESIZE_BILINEAR',
    // Fields 0 and 1 are the size in very old files.
    attrs: (options) => ({
      alignCorners: options.bool(2, false),
      halfPixelCenters: options.bool(3, false),
    }),
  },
  {
    dtypes: ['int8', 'int16', 'float32'],
    sources: (view) => bilinearSources(gridOf(view, 1), view.input(0).dtype === 'float32'),
    call(view) {
      const isFloat = view.input(0).dtype === 'float32';
      const axis = (number: 1 | 2): CValue => {
        const grid = gridOf(view, number);
        const { scale, offset } = isFloat ? floatAxis(grid) : fixedAxis(grid);
        return {
          struct: isFloat
            ? { scale: { float: scale }, before: { float: grid.halfPixelCenters ? 0.5 : 0 } }
            : { scale, offset },
        };
      };
      return {
        kernel: `resize_bilinear_${suffixOf(view.input(0).dtype)}`,
        paramsType: `resize_bilinear_${isFloat ? 'f32' : 'int'}_params`,
        params: { ...planes(view), y: axis(1), x: axis(2) },
      };
    },
  },
);

interface Method {
  readonly dtypes: readonly Tensor['dtype'][];
  /** First and last input row that an output row reads. */
  sources(view: OpView<ResizeAttrs>): (y: number) => readonly [first: number, last: number];
  call(view: OpView<ResizeAttrs>): Pick<KernelCall, 'kernel' | 'paramsType' | 'params'>;
}

function resize(kind: string, binding: TfliteBinding<ResizeAttrs>, method: Method): OpDef<ResizeAttrs> {
  return {
    kind,
    tflite: [binding],
    infer(view) {
      const [batch = 0, , , channels = 0] = view.input(0).shape;
      return [
        {
          dtype: view.input(0).dtype,
          shape: [batch, ...(constantIntegers(view.input(1)) ?? []), channels],
        },
      ];
    },
    refuse: (view) =>
      firstRefusal(
        () => refuseRank(view.input(0), [4], 'the input'),
        () => refuseDtype(view.input(0), method.dtypes, 'the input'),
        () => refuseComputed(view.input(1), 'the size'),
        () => refuseRescale([view.input(0)], view.outputs),
        () => refuseGrid(view),
      ),
    macs: () => 0,
    overlaps: () => [],
    rows(view) {
      if (view.input(0).shape[0] !== 1) return null;
      const sources = method.sources(view);
      return { kind: 'window', first: (y) => sources(y)[0], last: (y) => sources(y)[1] + 1 };
    },
    calls: (view) => [
      {
        ...method.call(view),
        file: kind,
        form: 'rows',
        reads: [view.input(0).id],
        writes: [view.output(0).id],
        scratchBytes: 0,
      },
    ],
  };
}

/** Beyond this the positions would leave 32 bits; images are far smaller. */
const longestAxis = 1 << 20;

function refuseGrid(view: OpView<ResizeAttrs>): Refusal | null {
  if (elementCount(view.input(1).shape) !== 2)
    return { reason: `the size has shape [${view.input(1).shape}]`, hint: 'export the network again' };
  if ([...view.input(0).shape, ...view.output(0).shape].some((dim) => dim > longestAxis))
    return { reason: `an axis is longer than ${longestAxis}`, hint: 'use a smaller image' };
  return view.attrs.alignCorners && view.attrs.halfPixelCenters
    ? {
        reason: 'aligned corners and half pixel centres contradict each other',
        hint: 'set one of the two',
      }
    : null;
}

function planes(view: OpView) {
  return { in: { plane: view.input(0).id }, out: { plane: view.output(0).id } };
}

function gridOf(view: OpView<ResizeAttrs>, axis: 1 | 2): Grid {
  return { from: view.input(0).shape[axis]!, to: view.output(0).shape[axis]!, ...view.attrs };
}
