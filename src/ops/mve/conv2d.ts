/** CONV_2D of int8 images on Helium, and what amounts to it: rf_conv2d_s8_mve. */
import { typedArray } from '../../ir/tensor.js';
import type { Conv2dAttrs } from '../conv2d.js';
import { windowStruct } from '../convolution.js';
import type { Filters } from '../dsp/conv2d.js';
import { channelScales } from '../dsp/requantise.js';
import { type WindowAttrs, windowOf } from '../geometry.js';
import type { KernelCall, OpView } from '../op-def.js';
import { type Activation, perTensor } from '../quantise.js';
import { biasOf, constantFields, groupRows, groupTable, outputFields, rowsOf } from './groups.js';

/** Pixels that the kernel gathers at once. */
const pixels = 3;

/** Rows of a filter that it has room for. */
const mostRows = 16;

/** Null: other types, groups, filters of many rows, or scales of a half or more. */
export function conv2dMve(view: OpView<Conv2dAttrs>): readonly KernelCall[] | null {
  const [input, weights] = [view.input(0), view.input(1)];
  if (input.dtype !== 'int8' || input.shape[3] !== weights.shape[3]) return null;
  const [count = 1, kernelH = 1, kernelW = 1] = weights.shape;
  const values = typedArray('int8', weights.data!) as Int8Array;
  return convolutionMve(view, view.attrs.activation, { count, kernelH, kernelW, values });
}

/** The call for an operator whose input 0 is the image, input 1 the weights (for their scales) and input 2 the bias. */
export function convolutionMve(
  view: OpView<WindowAttrs>,
  activation: Activation,
  { count, kernelH, kernelW, values }: Filters,
): readonly KernelCall[] | null {
  if (kernelH > mostRows) return null;
  const [input, output] = [view.input(0), view.output(0)];
  const inputs = values.length / count;
  const inZero = perTensor(input).zeroPoint;
  const rows = rowsOf(values, inputs);
  const table = groupTable(rows, biasOf(view), inZero, channelScales(input, view.input(1), output, count));
  if (!table) return null;
  const axes = windowOf(input.shape, kernelH, kernelW, view.attrs);
  return [
    {
      kernel: 'conv2d_s8_mve',
      file: 'conv2d_mve',
      paramsType: 'conv2d_s8_mve_params',
      params: {
        in: { plane: input.id },
        out: { plane: output.id },
        window: windowStruct(kernelH, kernelW, view.attrs, axes),
        in_zero: inZero,
        ...outputFields(view, activation),
        ...constantFields(groupRows(rows), table),
      },
      form: 'rows',
      reads: [input.id],
      writes: [output.id],
      scratchBytes: pixels * inputs,
    },
  ];
}
