/** TRANSPOSE_CONV on the DSP extension: one convolution for each phase of the stride. */
import { typedArray } from '../../ir/tensor.js';
import { channelMultipliers } from '../convolution.js';
import type { CStruct, KernelCall, OpView } from '../op-def.js';
import { perTensor } from '../quantise.js';
import type { TransposeConvAttrs } from '../transpose-conv.js';
import { concatenated } from './conv2d-any.js';
import { channelOf } from './requantise.js';
import { type Filter, packWords, scaleConstants, wordsOf } from './words.js';

/** From the reference call; null for float32, or int8 sums that might leave 32 bits. */
export function transposeConvDsp(
  view: OpView<TransposeConvAttrs>,
  [call]: readonly KernelCall[],
): readonly KernelCall[] | null {
  const [input, output, bias] = [view.input(0), view.output(0), view.inputs[2] ?? null];
  if (!call || input.dtype === 'float32') return null;
  const phases = phasesOf(view);
  const packed = phases.map((filters) => packWords(filters, 2));
  const starts = new Int32Array(phases.length);
  for (let phase = 1; phase < phases.length; phase++)
    starts[phase] = starts[phase - 1]! + packed[phase - 1]!.length;
  const count = output.shape[3]!;
  const given = bias ? typedArray(bias.dtype, bias.data!) : new Int32Array(count);
  const isWide = input.dtype === 'int16';
  const biases = isWide
    ? BigInt64Array.from({ length: phases.length * count }, (_, i) => BigInt(given[i % count]!))
    : narrowBiases(view, phases, given);
  if (!biases) return null;
  const suffix = isWide ? 's16' : 's8';
  const kept = Object.fromEntries(
    Object.entries(call.params).filter(
      ([field]) => !['weights', 'bias', 'multipliers', 'shifts'].includes(field),
    ),
  ) as CStruct;
  const scales = channelMultipliers(input, view.input(1), output, count);
  return [
    {
      ...call,
      kernel: `transpose_conv_${suffix}_dsp`,
      file: 'transpose_conv_dsp',
      paramsType: `transpose_conv_${suffix}_dsp_params`,
      params: {
        ...kept,
        weights: { array: { role: 'weights', values: concatenated(packed), weight: true } },
        starts: { array: { role: 'starts', values: starts, weight: false } },
        bias: { array: { role: 'bias', values: biases, weight: true } },
        ...scaleConstants(scales, count, isWide),
      },
      scratchBytes: 2 * 4 * 2 * Math.max(...phases.map(([filter]) => wordsOf(filter?.length ?? 0))),
    },
  ];
}

function narrowBiases(
  view: OpView<TransposeConvAttrs>,
  phases: readonly Filter[][],
  given: ArrayLike<number | bigint>,
): Int32Array | null {
  const biases: number[] = [];
  for (const filters of phases) {
    for (const [c, filter] of filters.entries()) {
      const channel = channelOf(filter, Number(given[c]!), perTensor(view.input(0)).zeroPoint, {
        multiplier: 0,
        shift: 0,
      });
      if (!channel) return null;
      biases.push(channel.bias);
    }
  }
  return Int32Array.from(biases);
}

/** Each phase's filters, one per output channel: rows and columns of the kernel from the last that it sees to the first. */
function phasesOf(view: OpView<TransposeConvAttrs>): Filter[][] {
  const [count = 1, kernelH = 1, kernelW = 1, depth = 1] = view.input(1).shape;
  const values = typedArray('int8', view.input(1).data!) as Int8Array;
  const { strideH, strideW } = view.attrs;
  const cells = (phase: number, kernel: number, stride: number) => {
    const seen: number[] = [];
    for (let cell = phase; cell < kernel; cell += stride) seen.unshift(cell);
    return seen;
  };
  return Array.from({ length: strideH * strideW }, (_, phase) => {
    const rows = cells(Math.floor(phase / strideW), kernelH, strideH);
    const columns = cells(phase % strideW, kernelW, strideW);
    return Array.from({ length: count }, (_, c) =>
      Int8Array.from(
        rows.flatMap((ky) =>
          columns.flatMap((kx) => {
            const at = ((c * kernelH + ky) * kernelW + kx) * depth;
            return Array.from(values.subarray(at, at + depth));
          }),
        ),
      ),
    );
  });
}
