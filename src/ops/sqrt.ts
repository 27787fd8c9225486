/** SQRT and RSQRT. */
import { ReflowError } from '../base/error.js';
import { perTensor, rescale } from './quantise.js';
import { noParams, plainBinding, type UnaryCall, unaryOp } from './unary.js';

export const sqrt = unaryOp({
  kind: 'sqrt',
  file: 'sqrt',
  tflite: [plainBinding(75, 'SQRT')],
  dtypes: ['int8', 'int16', 'float32'],
  call(view): UnaryCall {
    if (view.input(0).dtype === 'float32') return noParams;
    const [qi, qo] = [perTensor(view.input(0)), perTensor(view.output(0))];
    return {
      type: 'sqrt_int',
      fields: {
        in_scale: { float: qi.scale },
        out_scale: { float: qo.scale },
        in_zero: qi.zeroPoint,
        out_zero: qo.zeroPoint,
      },
    };
  },
});

/** Bits that the kernel shifts back after the reciprocal root, on top of `shift`. */
const fractionBits = 20;

export const rsqrt = unaryOp({
  kind: 'rsqrt',
  file: 'sqrt',
  tflite: [plainBinding(76, 'RSQRT')],
  dtypes: ['int8', 'int16', 'float32'],
  call(view): UnaryCall {
    if (view.input(0).dtype === 'float32') return noParams;
    const [input, output] = [view.input(0), view.output(0)];
    const ratio = 1 / (Math.sqrt(perTensor(input).scale) * perTensor(output).scale);
    const fields = rescale(input, output, ratio);
    if (fields.shift < fractionBits - 31) {
      throw new ReflowError('E_GRAPH', 'the output scale leaves no digits', 'quantise the network again');
    }
    return { type: 'rsqrt_int', fields };
  },
});
