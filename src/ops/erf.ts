/** ERF: the error function of float32, which ONNX has and TFLite has not. */
import { noParams, unaryOp } from './unary.js';

export const erf = unaryOp({
  kind: 'erf',
  file: 'float_function',
  tflite: [],
  dtypes: ['float32'],
  call: () => noParams,
});
