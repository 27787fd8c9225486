/** ABS and NEG. TFLM has no integer NEG and TensorFlow negates the raw integers; ours minds scales and zero points. */
import type { OpView } from './op-def.js';
import { rescale, scaleRatio } from './quantise.js';
import { noParams, plainBinding, type UnaryCall, unaryOp } from './unary.js';

export const abs = unaryOp({
  kind: 'abs',
  file: 'abs',
  tflite: [plainBinding(101, 'ABS')],
  dtypes: ['int8', 'int16', 'int32', 'float32'],
  call: rescaled,
});

export const neg = unaryOp({
  kind: 'neg',
  file: 'abs',
  tflite: [plainBinding(59, 'NEG')],
  dtypes: ['int8', 'int32', 'float32'],
  call: rescaled,
});

function rescaled(view: OpView): UnaryCall {
  const [input, output] = [view.input(0), view.output(0)];
  if (input.dtype === 'float32' || input.dtype === 'int32') return noParams;
  return { type: 'abs_int', fields: rescale(input, output, scaleRatio(input, output)) };
}
