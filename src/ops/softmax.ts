/** SOFTMAX over the last dimension. */
import { ReflowError } from '../base/error.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import { int16Table } from './lookup-table.js';
import { softmaxMve } from './mve/softmax.js';
import type { CStruct, OpDef, OpView, Refusal } from './op-def.js';
import { softmaxTable } from './plain/softmax.js';
import { pointwiseRows } from './pointwise.js';
import { perTensor, quantiseMultiplier } from './quantise.js';
import { firstRefusal, refuseDtype, refuseScale } from './refusal.js';

export type SoftmaxAttrs = { readonly beta: number };

/** Integer bits of the scaled differences, of TFLite's reference softmax. */
const differenceBits = 5;

const reference: OpDef<SoftmaxAttrs> = {
  kind: 'softmax',
  tflite: [{ builtin: 25, name: 'SOFTMAX', attrs: (options) => ({ beta: options.float(0, 0) }) }],
  infer: (view) => [{ dtype: view.output(0).dtype, shape: view.input(0).shape }],
  refuse: (view) =>
    firstRefusal(
      () => refuseDtype(view.input(0), ['int8', 'int16', 'float32'], 'the input'),
      () =>
        refuseDtype(
          view.output(0),
          view.input(0).dtype === 'int8' ? ['int8', 'int16'] : [view.input(0).dtype],
          'the output',
        ),
      () => refuseScale(view.input(0), view.output(0)),
      () => refuseOutputScale(view.input(0), view.output(0)),
      () => refuseDepth(view.input(0)),
      () => {
        params(view);
        return null;
      },
    ),
  macs: () => 0,
  // A row is read whole before its first element is written, and then element by element; int8 rows are read twice.
  overlaps: (view) => (view.input(0).dtype === 'int8' ? [] : [{ input: 0, output: 0, leadBytes: 0 }]),
  rows: pointwiseRows,
  calls(view) {
    const [input, output] = [view.input(0), view.output(0)];
    const depth = input.shape.at(-1) ?? 1;
    const rows = elementCount(input.shape) / depth;
    const suffix = input.dtype === 'float32' ? 'f32' : input.dtype === 'int16' ? 's16' : 's8';
    return [
      {
        kernel: suffix === 's8' && output.dtype === 'int16' ? 'softmax_s8_s16' : `softmax_${suffix}`,
        file: 'softmax',
        paramsType: `softmax_${suffix}_params`,
        params: { rows, depth, ...params(view) },
        form: 'whole',
        reads: [input.id],
        writes: [output.id],
        scratchBytes: 0,
      },
    ];
  },
};

export const softmax: OpDef<SoftmaxAttrs> = {
  ...reference,
  fast: {
    mve: (view) => softmaxMve(reference.calls(view)),
    plain: (view) => softmaxTable(reference.calls(view)),
  },
};

function params(view: OpView<SoftmaxAttrs>): CStruct {
  switch (view.input(0).dtype) {
    case 'float32':
      return { beta: { float: view.attrs.beta } };
    case 'int16':
      return int16Scaling(view);
    default:
      return scaling(view);
  }
}

/** TFLite fixes the output: from 0 to 1 over the whole type, or over its positive half where both are int16. */
function refuseOutputScale(input: Tensor, output: Tensor): Refusal | null {
  if (output.dtype === 'float32') return null;
  const wanted =
    output.dtype === 'int8'
      ? { scale: 1 / 256, zeroPoint: -128 }
      : input.dtype === 'int8'
        ? { scale: 1 / 65536, zeroPoint: -32768 }
        : { scale: 1 / 32768, zeroPoint: 0 };
  const { scale, zeroPoint } = perTensor(output);
  if (Math.abs(scale / wanted.scale - 1) < 1e-3 && zeroPoint === wanted.zeroPoint) return null;
  return {
    reason: `the output has scale ${scale} and zero point ${zeroPoint}; TFLite fixes them to ${wanted.scale} and ${wanted.zeroPoint}`,
    hint: 'quantise the network again with the current TensorFlow Lite converter',
  };
}

/** The sum of a row's exponentials has 12 integer bits for int8 inputs and 16 for int16 inputs. */
function refuseDepth(input: Tensor): Refusal | null {
  const most = input.dtype === 'int8' ? 4095 : input.dtype === 'int16' ? 65535 : Infinity;
  const depth = input.shape.at(-1) ?? 1;
  return depth <= most
    ? null
    : { reason: `${depth} classes; at most ${most} can be summed`, hint: 'keep this operator float32' };
}

/** TFLM's softmax_common.cc: differences in units of 10 / 65535, and the two functions as tables. */
function int16Scaling(view: OpView<SoftmaxAttrs>): CStruct {
  const unit = 10 / 65535;
  const { multiplier, shift } = quantiseMultiplier((perTensor(view.input(0)).scale * view.attrs.beta) / unit);
  const output = { scale: Math.fround(2 / 65535), zeroPoint: 0 };
  const exp = int16Table({ scale: Math.fround(unit), zeroPoint: 32767 }, output, Math.exp);
  const reciprocal = int16Table(
    { scale: Math.fround(1 / 65535), zeroPoint: -32768 },
    output,
    (x) => 1 / Math.fround(1 + x),
  );
  return {
    multiplier,
    shift,
    exp_table: { array: { role: 'exp_table', values: exp, weight: false } },
    reciprocal_table: { array: { role: 'reciprocal_table', values: reciprocal, weight: false } },
  };
}

/** TFLite's PreprocessSoftmaxScaling and CalculateInputRadius (tensorflow/lite/kernels/internal/quantization_util.cc). */
function scaling(view: OpView<SoftmaxAttrs>): { multiplier: number; left_shift: number; diff_min: number } {
  const real = Math.min(
    view.attrs.beta * perTensor(view.input(0)).scale * 2 ** (31 - differenceBits),
    2 ** 31 - 1,
  );
  const { multiplier, shift } = quantiseMultiplier(real);
  if (shift < 0) {
    throw new ReflowError(
      'E_GRAPH',
      'the input scale is too fine for the exponential',
      'quantise the network again',
    );
  }
  const radius = ((2 ** differenceBits - 1) * 2 ** (31 - differenceBits)) / 2 ** shift;
  return { multiplier, left_shift: shift, diff_min: -Math.floor(radius) };
}
