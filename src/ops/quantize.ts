/** QUANTIZE and DEQUANTIZE: between float32 and quantised numbers, and from one scale to another. */
import type { DType } from '../ir/tensor.js';
import type { OpView, Refusal } from './op-def.js';
import { perTensor, rescale, scaleRatio } from './quantise.js';
import { firstRefusal, refuseDtype, refuseScale } from './refusal.js';
import { suffixOf } from './suffix.js';
import { type NoAttrs, plainBinding, type UnaryCall, unaryOp } from './unary.js';

/** The pairs that TFLM has (quantize_common.cc), and float32 to uint8 as TensorFlow has it. */
const quantizeTo: Readonly<Partial<Record<DType, readonly DType[]>>> = {
  float32: ['int8', 'uint8', 'int16'],
  int8: ['int8', 'uint8', 'int16', 'int32'],
  uint8: ['int8'],
  int16: ['int8', 'int16', 'int32'],
  int32: ['int8', 'int16'],
};

export const quantize = unaryOp({
  kind: 'quantize',
  file: 'quantize',
  tflite: [plainBinding(114, 'QUANTIZE')],
  dtypes: Object.keys(quantizeTo) as DType[],
  refuseTypes: (view) =>
    refuseDtype(view.output(0), quantizeTo[view.input(0).dtype]!, `the output of ${view.input(0).dtype}`),
  refuseQuantisation: (view) =>
    firstRefusal(
      () => refuseQuantised(view, 0),
      () => refuseQuantised(view, 1),
    ),
  call(view): UnaryCall {
    const [input, output] = [view.input(0), view.output(0)];
    const kernel = `quantize_${suffixOf(input.dtype)}_${suffixOf(output.dtype)}`;
    if (input.dtype === 'float32') return { kernel, ...realParams(perTensor(output)) };
    return { kernel, type: 'requantize', fields: rescale(input, output, scaleRatio(input, output)) };
  },
});

export const dequantize = unaryOp({
  kind: 'dequantize',
  file: 'quantize',
  tflite: [plainBinding(6, 'DEQUANTIZE')],
  dtypes: ['int8', 'uint8', 'int16'],
  refuseTypes: (view) => refuseDtype(view.output(0), ['float32'], 'the output'),
  refuseQuantisation: (view) => refuseScale(view.input(0)),
  call: (view) => realParams(perTensor(view.input(0))),
});

function realParams({ scale, zeroPoint }: { scale: number; zeroPoint: number }) {
  return { type: 'quantize_f32', fields: { scale: { float: scale }, zero: zeroPoint } };
}

/** One scale is needed here for int32 too; `which` is 0 for the input, 1 for the output. */
function refuseQuantised(view: OpView<NoAttrs>, which: 0 | 1): Refusal | null {
  const tensor = which === 0 ? view.input(0) : view.output(0);
  if (tensor.dtype !== 'int32') return refuseScale(tensor);
  const zero = perTensor(tensor).zeroPoint;
  return Number.isInteger(zero) && Math.abs(zero) < 2 ** 31
    ? null
    : { reason: `tensor ${tensor.id} has the zero point ${zero}`, hint: 'quantise the network again' };
}
