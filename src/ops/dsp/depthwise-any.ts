/** DEPTHWISE_CONV_2D on the DSP extension with several filters per channel, odd channels, hard numbers, or of int16. */
import { typedArray } from '../../ir/tensor.js';
import { windowStruct } from '../convolution.js';
import type { DepthwiseConv2dAttrs } from '../depthwise-conv2d.js';
import { windowOf } from '../geometry.js';
import type { KernelCall, OpView } from '../op-def.js';
import { activationRange, perTensor } from '../quantise.js';
import { dotConstants } from './words.js';

/** Kernel rows that the kernels have room for. */
const mostRows = 32;

/** Products of 16 and 8 bits whose sum fits 32 bits for certain. */
const mostTaps = 508;

/** Null: float32, very large filters, or int8 sums that might leave 32 bits. */
export function depthwiseAnyDsp(view: OpView<DepthwiseConv2dAttrs>): readonly KernelCall[] | null {
  const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
  const [, kernelH = 1, kernelW = 1, count = 1] = weights.shape;
  const taps = kernelH * kernelW;
  if (input.dtype === 'float32' || kernelH > mostRows || taps > mostTaps) return null;
  const values = typedArray('int8', weights.data!) as Int8Array;
  const filters = Array.from({ length: count }, (_, c) =>
    Int8Array.from({ length: taps }, (_, tap) => values[tap * count + c]!),
  );
  const packed = new Int8Array(Math.ceil(count / 4) * 4 * taps);
  for (const [c, filter] of filters.entries())
    for (const [tap, weight] of filter.entries())
      packed[Math.floor(c / 4) * 4 * taps + tap * 4 + (c % 4)] = weight;
  const isWide = input.dtype === 'int16';
  // TFLM has no narrow depthwise arithmetic: 32-bit biases are widened.
  const constants = dotConstants(view, filters, packed, null, 1, { foldsZero: false, narrow: false });
  if (!constants) return null;
  const { min, max } = activationRange(view.attrs.activation, output);
  return [
    {
      kernel: isWide ? 'depthwise_s16_dsp' : 'depthwise_any_s8_dsp',
      file: 'depthwise_any_dsp',
      paramsType: isWide ? 'depthwise_s16_dsp_params' : 'depthwise_any_s8_dsp_params',
      params: {
        in: { plane: input.id },
        out: { plane: output.id },
        window: windowStruct(
          kernelH,
          kernelW,
          view.attrs,
          windowOf(input.shape, kernelH, kernelW, view.attrs),
        ),
        ...(isWide ? {} : { in_zero: perTensor(input).zeroPoint, out_zero: perTensor(output).zeroPoint }),
        act_min: min,
        act_max: max,
        ...constants,
      },
      form: 'rows',
      reads: [input.id],
      writes: [output.id],
      scratchBytes: 0,
    },
  ];
}
