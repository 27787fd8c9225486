/** TRANSPOSE_CONV: every input pixel spreads a kernel over the output. Inputs: image, weights OHWI, bias, output shape. */
import { constantIntegers, elementCount } from '../ir/tensor.js';
import { convolutionParams, kernelSuffix, refuseConvolution, windowStruct } from './convolution.js';
import { transposeConvDsp } from './dsp/transpose-conv.js';
import { paddingOf, type WindowAttrs, windowAxis } from './geometry.js';
import type { OpDef, OpView } from './op-def.js';
import { type Activation, activationOf } from './quantise.js';
import { firstRefusal, largestValue, refuseComputed, refuseLongSum, refuseRank } from './refusal.js';

export type TransposeConvAttrs = WindowAttrs & { readonly activation: Activation };

const reference: OpDef<TransposeConvAttrs> = {
  kind: 'transpose_conv',
  tflite: [
    {
      builtin: 67,
      name: 'TRANSPOSE_CONV',
      inputs: [2, 1, 3, 0],
      attrs: (options) => ({
        padding: paddingOf(options.byte(0, 0)),
        pads: [0, 0, 0, 0],
        strideW: options.int(1, 0),
        strideH: options.int(2, 0),
        dilationW: 1,
        dilationH: 1,
        activation: activationOf(options.byte(3, 0)),
      }),
    },
  ],
  infer: (view) => [{ dtype: view.input(0).dtype, shape: constantIntegers(view.input(3)) ?? [] }],
  refuse(view) {
    const [image, weights, bias] = [view.input(0), view.input(1), view.inputs[2] ?? null];
    return firstRefusal(
      () => refuseComputed(view.input(3), 'the output shape'),
      () => refuseRank(image, [4], 'the input'),
      () => refuseRank(weights, [4], 'the weights'),
      () => refuseRank(view.output(0), [4], 'the output'),
      () => refuseConvolution(view, view.attrs.activation, weights, bias, 0),
      () =>
        image.dtype === 'int16' && bias?.dtype === 'int32'
          ? {
              reason: 'the bias is int32; with int16 activations it must be int64',
              hint: 'convert the network again with the current TensorFlow Lite converter',
            }
          : null,
      () =>
        image.dtype === 'int8'
          ? refuseLongSum(elementCount(weights.shape.slice(1)), 128 * largestValue(image))
          : null,
      () => {
        axes(view);
        const { shape } = view.output(0);
        const fits =
          weights.shape[3] === image.shape[3] &&
          shape[0] === image.shape[0] &&
          shape[3] === weights.shape[0] &&
          (!bias || elementCount(bias.shape) === weights.shape[0]);
        return fits
          ? null
          : {
              reason: `weights [${weights.shape}] do not turn [${image.shape}] into [${shape}]`,
              hint: 'export the network again',
            };
      },
    );
  },
  macs: (view) => elementCount(view.input(0).shape) * elementCount(view.input(1).shape.slice(0, 3)),
  overlaps: () => [],
  rows(view) {
    const [batch, height] = view.input(0).shape as [number, number];
    if (batch !== 1) return null;
    const { padBefore } = axes(view).h;
    const { strideH } = view.attrs;
    const kernelH = view.input(1).shape[1]!;
    // Empty where a stride beyond the kernel leaves a gap.
    return {
      kind: 'window',
      first: (y) => Math.min(height, Math.max(0, Math.ceil((y + padBefore - kernelH + 1) / strideH))),
      last: (y) => Math.min(height, Math.floor((y + padBefore) / strideH) + 1),
    };
  },
  calls(view) {
    const [image, weights, output] = [view.input(0), view.input(1), view.output(0)];
    const suffix = kernelSuffix(image);
    return [
      {
        kernel: `transpose_conv_${suffix}`,
        file: 'transpose_conv',
        paramsType: `transpose_conv_${suffix}_params`,
        params: {
          in: { plane: image.id },
          out: { plane: output.id },
          window: windowStruct(weights.shape[1]!, weights.shape[2]!, view.attrs, axes(view)),
          ...convolutionParams(
            view,
            view.attrs.activation,
            weights,
            view.inputs[2] ?? null,
            weights.shape[0]!,
          ),
        },
        form: 'rows',
        reads: [image.id],
        writes: [output.id],
        scratchBytes: 0,
      },
    ];
  },
};

export const transposeConv: OpDef<TransposeConvAttrs> = {
  ...reference,
  fast: { dsp: (view) => transposeConvDsp(view, reference.calls(view)) },
};

/** The window of the convolution that leads back from the output to the input. */
function axes(view: OpView<TransposeConvAttrs>) {
  const [, kernelH = 1, kernelW = 1] = view.input(1).shape;
  const [, height = 1, width = 1] = view.output(0).shape;
  const { padding, pads, strideH, strideW } = view.attrs;
  const [top = 0, bottom = 0, left = 0, right = 0] = pads;
  return {
    h: windowAxis(height, kernelH, strideH, 1, padding, top, bottom),
    w: windowAxis(width, kernelW, strideW, 1, padding, left, right),
  };
}
