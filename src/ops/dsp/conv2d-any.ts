/** CONV_2D on the DSP extension in groups, of int16, or with numbers that the faster arithmetic cannot take. */
import { typedArray } from '../../ir/tensor.js';
import type { Conv2dAttrs } from '../conv2d.js';
import { narrowField, windowStruct } from '../convolution.js';
import { windowOf } from '../geometry.js';
import type { KernelCall, OpView } from '../op-def.js';
import { activationRange, perTensor } from '../quantise.js';
import { dotConstants, packWords, wordsOf } from './words.js';

/** Null: float32, or int8 sums that might leave 32 bits. */
export function conv2dAnyDsp(view: OpView<Conv2dAttrs>): readonly KernelCall[] | null {
  const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
  if (input.dtype === 'float32') return null;
  const [count = 1, kernelH = 1, kernelW = 1, depth = 1] = weights.shape;
  const inputs = kernelH * kernelW * depth;
  const groups = input.shape[3]! / depth;
  const values = typedArray('int8', weights.data!) as Int8Array;
  const filters = Array.from({ length: count }, (_, c) => values.subarray(c * inputs, (c + 1) * inputs));
  const perGroup = count / groups;
  const packed = Array.from({ length: groups }, (_, g) =>
    packWords(filters.slice(g * perGroup, (g + 1) * perGroup), 2),
  );
  const constants = dotConstants(view, filters, concatenated(packed), null, 1);
  if (!constants) return null;
  const { min, max } = activationRange(view.attrs.activation, output);
  const isWide = input.dtype === 'int16';
  const words = wordsOf(inputs);
  return [
    {
      kernel: isWide ? 'conv2d_s16_dsp' : 'conv2d_any_s8_dsp',
      file: 'conv2d_any_dsp',
      paramsType: isWide ? 'conv2d_s16_dsp_params' : 'conv2d_any_s8_dsp_params',
      params: {
        in: { plane: input.id },
        out: { plane: output.id },
        window: windowStruct(
          kernelH,
          kernelW,
          view.attrs,
          windowOf(input.shape, kernelH, kernelW, view.attrs),
        ),
        groups,
        words,
        ...(isWide
          ? narrowField(input, view.inputs[2] ?? null)
          : { in_zero: perTensor(input).zeroPoint, out_zero: perTensor(output).zeroPoint }),
        act_min: min,
        act_max: max,
        ...constants,
      },
      form: 'rows',
      reads: [input.id],
      writes: [output.id],
      scratchBytes: 2 * groups * words * 4 * 2,
    },
  ];
}

export function concatenated(parts: readonly Int8Array[]): Int8Array {
  const all = new Int8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
