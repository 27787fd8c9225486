/** CONV_2D: 2-D convolution with groups, dilation and per-channel weights. Inputs: image NHWC, weights OHWI, bias. */
import { elementCount } from '../ir/tensor.js';
import {
  convolutionParams,
  kernelSuffix,
  narrowField,
  refuseConvolution,
  windowStruct,
} from './convolution.js';
import { conv2dDsp, fewerPixels } from './dsp/conv2d.js';
import { conv2dAnyDsp } from './dsp/conv2d-any.js';
import { paddingOf, pixelwiseRowOverlap, type WindowAttrs, windowOf, windowRows } from './geometry.js';
import { conv2dMve } from './mve/conv2d.js';
import type { OpDef, OpView } from './op-def.js';
import { refuseOverflow } from './overflow.js';
import { type Activation, activationOf } from './quantise.js';
import { firstRefusal, refuseRank } from './refusal.js';

export type Conv2dAttrs = WindowAttrs & { readonly activation: Activation };

export const conv2d: OpDef<Conv2dAttrs> = {
  kind: 'conv2d',
  tflite: [
    {
      builtin: 3,
      name: 'CONV_2D',
      attrs: (options) => ({
        padding: paddingOf(options.byte(0, 0)),
        pads: [0, 0, 0, 0],
        strideW: options.int(1, 0),
        strideH: options.int(2, 0),
        activation: activationOf(options.byte(3, 0)),
        dilationW: options.int(4, 1),
        dilationH: options.int(5, 1),
      }),
    },
  ],
  infer(view) {
    const { h, w } = axes(view);
    return [
      { dtype: view.input(0).dtype, shape: [view.input(0).shape[0]!, h.out, w.out, view.input(1).shape[0]!] },
    ];
  },
  refuse(view) {
    const [input, weights, bias] = [view.input(0), view.input(1), view.inputs[2] ?? null];
    return firstRefusal(
      () => refuseRank(input, [4], 'the input'),
      () => refuseRank(weights, [4], 'the weights'),
      () => refuseConvolution(view, view.attrs.activation, weights, bias, 0),
      () => {
        const groups = input.shape[3]! / weights.shape[3]!;
        if (
          Number.isInteger(groups) &&
          weights.shape[0]! % groups === 0 &&
          (!bias || elementCount(bias.shape) === weights.shape[0])
        )
          return null;
        return {
          reason: `weights [${weights.shape}] do not fit an input of ${input.shape[3]} channels`,
          hint: 'export the network again',
        };
      },
      () => refuseOverflow(view, 'first'),
    );
  },
  macs: (view) => elementCount(view.output(0).shape) * elementCount(view.input(1).shape.slice(1)),
  overlaps: () => [],
  rows: (view) =>
    windowRows(
      view.input(0).shape,
      axes(view).h,
      view.input(1).shape[1]!,
      view.attrs.strideH,
      view.attrs.dilationH,
    ),
  rowOverlap: (view) => pixelwiseRowOverlap(view.input(0), view.output(0), axes(view).w, view.attrs.strideW),
  fast: { dsp: (view) => conv2dDsp(view) ?? conv2dAnyDsp(view), mve: conv2dMve },
  leaner: fewerPixels,
  calls(view) {
    const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
    const suffix = kernelSuffix(input);
    return [
      {
        kernel: `conv2d_${suffix}`,
        file: 'conv2d',
        paramsType: `conv2d_${suffix}_params`,
        params: {
          in: { plane: input.id },
          out: { plane: output.id },
          window: windowStruct(weights.shape[1]!, weights.shape[2]!, view.attrs, axes(view)),
          groups: input.shape[3]! / weights.shape[3]!,
          ...narrowField(input, view.inputs[2] ?? null),
          ...convolutionParams(
            view,
            view.attrs.activation,
            weights,
            view.inputs[2] ?? null,
            weights.shape[0]!,
          ),
        },
        form: 'rows',
        reads: [input.id],
        writes: [output.id],
        scratchBytes: 0,
      },
    ];
  },
};

function axes(view: OpView<Conv2dAttrs>) {
  const [, kernelH = 1, kernelW = 1] = view.input(1).shape;
  return windowOf(view.input(0).shape, kernelH, kernelW, view.attrs);
}
