/** AVERAGE_POOL_2D and MAX_POOL_2D over NHWC images; input and output share one quantisation. */

import type { Tensor } from '../ir/tensor.js';
import { kernelSuffix, windowStruct } from './convolution.js';
import { poolDsp } from './dsp/pool.js';
import { channelwiseRowOverlap, paddingOf, type WindowAttrs, windowOf, windowRows } from './geometry.js';
import { poolMve } from './mve/pool.js';
import type { CStruct, OpDef, OpView } from './op-def.js';
import { type Activation, activationBounds, activationOf, activationRange, isClamp } from './quantise.js';
import {
  firstRefusal,
  largestValue,
  refuseDifferentScales,
  refuseDtype,
  refuseLongSum,
  refuseMixedTypes,
  refuseRank,
} from './refusal.js';

export type Pool2dAttrs = WindowAttrs & {
  readonly kernelH: number;
  readonly kernelW: number;
  readonly activation: Activation;
};

export const averagePool2d = pool('average_pool2d', 1, 'AVERAGE_POOL_2D');
export const maxPool2d = pool('max_pool2d', 17, 'MAX_POOL_2D');

function pool(kind: string, builtin: number, name: string): OpDef<Pool2dAttrs> {
  const def: OpDef<Pool2dAttrs> = {
    kind,
    tflite: [
      {
        builtin,
        name,
        attrs: (options) => ({
          padding: paddingOf(options.byte(0, 0)),
          pads: [0, 0, 0, 0],
          strideW: options.int(1, 0),
          strideH: options.int(2, 0),
          dilationH: 1,
          dilationW: 1,
          kernelW: options.int(3, 0),
          kernelH: options.int(4, 0),
          activation: activationOf(options.byte(5, 0)),
        }),
      },
    ],
    infer(view) {
      const { h, w } = axes(view);
      const [batch, , , channels] = view.input(0).shape;
      return [{ dtype: view.input(0).dtype, shape: [batch!, h.out, w.out, channels!] }];
    },
    refuse: (view) =>
      firstRefusal(
        () => refuseRank(view.input(0), [4], 'the input'),
        () => refuseDtype(view.input(0), ['int8', 'int16', 'float32'], 'the input'),
        () => refuseMixedTypes(view, view.output(0)),
        () =>
          isClamp(view.attrs.activation)
            ? null
            : {
                reason: `the fused activation ${view.attrs.activation} is not supported`,
                hint: 'use a separate activation layer',
              },
        () => {
          if (view.input(0).dtype === 'float32') return null;
          const cells = view.input(0).shape[1]! * view.input(0).shape[2]!;
          return (
            refuseDifferentScales(view.input(0), view.output(0)) ??
            refuseLongSum(
              Math.min(cells, view.attrs.kernelH * view.attrs.kernelW),
              largestValue(view.input(0)),
            )
          );
        },
      ),
    macs: () => 0,
    overlaps: () => [],
    rows: (view) =>
      isGlobalAverage(view)
        ? { kind: 'accumulate' }
        : windowRows(view.input(0).shape, axes(view).h, view.attrs.kernelH, view.attrs.strideH, 1),
    rowOverlap: (view) =>
      channelwiseRowOverlap(view.input(0), view.output(0), axes(view).w, view.attrs.strideW),
    calls(view) {
      const [input, output] = [view.input(0), view.output(0)];
      const { kernelH, kernelW, activation } = view.attrs;
      const type = input.dtype === 'float32' ? 'f32' : 'int';
      const shared = { reads: [input.id], writes: [output.id] };
      if (isGlobalAverage(view)) {
        return [
          {
            ...shared,
            kernel: `global_average_${kernelSuffix(input)}`,
            file: 'global_pool',
            paramsType: `global_average_${type}_params`,
            params: { in: { plane: input.id }, ...clamp(activation, output) },
            form: 'accumulate',
            scratchBytes: 4 * input.shape[3]!,
          },
        ];
      }
      return [
        {
          ...shared,
          kernel: `${kind}_${kernelSuffix(input)}`,
          file: 'pool2d',
          paramsType: `pool2d_${type}_params`,
          params: {
            in: { plane: input.id },
            out: { plane: output.id },
            window: windowStruct(kernelH, kernelW, view.attrs, axes(view)),
            ...clamp(activation, output),
          },
          form: 'rows',
          scratchBytes: 0,
        },
      ];
    },
  };
  return {
    ...def,
    fast: {
      mve: (view) => poolMve(view, def.calls(view)),
      dsp: (view) => poolDsp(view, def.calls(view)),
    },
  };
}

/** One window that is the whole image: it can be fed row by row. */
function isGlobalAverage(view: OpView<Pool2dAttrs>): boolean {
  const [batch, height, width] = view.input(0).shape;
  const { h, w } = axes(view);
  const whole = h.out === 1 && w.out === 1 && h.padBefore === 0 && w.padBefore === 0;
  return (
    view.op.kind === 'average_pool2d' &&
    batch === 1 &&
    whole &&
    view.attrs.kernelH === height &&
    view.attrs.kernelW === width
  );
}

function clamp(activation: Activation, output: Tensor): CStruct {
  if (output.dtype === 'float32') {
    const [low, high] = activationBounds(activation);
    return { act_min: { float: low }, act_max: { float: high } };
  }
  const { min, max } = activationRange(activation, output);
  return { act_min: min, act_max: max };
}

function axes(view: OpView<Pool2dAttrs>) {
  return windowOf(view.input(0).shape, view.attrs.kernelH, view.attrs.kernelW, view.attrs);
}
