/** DEPTHWISE_CONV_2D: each input channel has filters of its own. Inputs: image NHWC, weights 1HWC, bias. */
import { elementCount } from '../ir/tensor.js';
import { convolutionParams, kernelSuffix, refuseConvolution, windowStruct } from './convolution.js';
import { depthwiseAnyDsp } from './dsp/depthwise-any.js';
import { depthwiseConv2dDsp, leanerDepthwise } from './dsp/depthwise-conv2d.js';
import { channelwiseRowOverlap, paddingOf, type WindowAttrs, windowOf, windowRows } from './geometry.js';
import { depthwiseConv2dMve } from './mve/depthwise-conv2d.js';
import type { OpDef, OpView } from './op-def.js';
import { refuseOverflow } from './overflow.js';
import { type Activation, activationOf } from './quantise.js';
import { firstRefusal, refuseRank } from './refusal.js';

export type DepthwiseConv2dAttrs = WindowAttrs & { readonly activation: Activation };

export const depthwiseConv2d: OpDef<DepthwiseConv2dAttrs> = {
  kind: 'depthwise_conv2d',
  tflite: [
    {
      builtin: 4,
      name: 'DEPTHWISE_CONV_2D',
      attrs: (options) => ({
        padding: paddingOf(options.byte(0, 0)),
        pads: [0, 0, 0, 0],
        strideW: options.int(1, 0),
        strideH: options.int(2, 0),
        activation: activationOf(options.byte(4, 0)),
        dilationW: options.int(5, 1),
        dilationH: options.int(6, 1),
      }),
    },
  ],
  infer(view) {
    const { h, w } = axes(view);
    return [
      { dtype: view.input(0).dtype, shape: [view.input(0).shape[0]!, h.out, w.out, view.input(1).shape[3]!] },
    ];
  },
  refuse(view) {
    const [input, weights, bias] = [view.input(0), view.input(1), view.inputs[2] ?? null];
    return firstRefusal(
      () => refuseRank(input, [4], 'the input'),
      () => refuseRank(weights, [4], 'the weights'),
      () => refuseConvolution(view, view.attrs.activation, weights, bias, 3),
      () => {
        const channels = weights.shape[3]!;
        if (
          weights.shape[0] === 1 &&
          channels % input.shape[3]! === 0 &&
          (!bias || elementCount(bias.shape) === channels)
        )
          return null;
        return {
          reason: `weights [${weights.shape}] do not fit an input of ${input.shape[3]} channels`,
          hint: 'export the network again',
        };
      },
      () => refuseOverflow(view, 'last'),
    );
  },
  macs: (view) => elementCount(view.output(0).shape) * view.input(1).shape[1]! * view.input(1).shape[2]!,
  overlaps: () => [],
  rows: (view) =>
    windowRows(
      view.input(0).shape,
      axes(view).h,
      view.input(1).shape[1]!,
      view.attrs.strideH,
      view.attrs.dilationH,
    ),
  rowOverlap: (view) =>
    channelwiseRowOverlap(view.input(0), view.output(0), axes(view).w, view.attrs.strideW),
  fast: { dsp: (view) => depthwiseConv2dDsp(view) ?? depthwiseAnyDsp(view), mve: depthwiseConv2dMve },
  leaner: leanerDepthwise,
  calls(view) {
    const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
    const suffix = kernelSuffix(input);
    return [
      {
        kernel: `depthwise_conv2d_${suffix}`,
        file: 'depthwise_conv2d',
        paramsType: `depthwise_conv2d_${suffix}_params`,
        params: {
          in: { plane: input.id },
          out: { plane: output.id },
          window: windowStruct(weights.shape[1]!, weights.shape[2]!, view.attrs, axes(view)),
          ...convolutionParams(
            view,
            view.attrs.activation,
            weights,
            view.inputs[2] ?? null,
            weights.shape[3]!,
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

function axes(view: OpView<DepthwiseConv2dAttrs>) {
  const [, kernelH = 1, kernelW = 1] = view.input(1).shape;
  return windowOf(view.input(0).shape, kernelH, kernelW, view.attrs);
}
