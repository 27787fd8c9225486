/** POW: a to the power of b, element-wise with broadcast. */
import { binaryBinding, binaryOp } from './binary.js';

export const pow = binaryOp({
  kind: 'pow',
  tflite: [binaryBinding(78, 'POW')],
  dtypes: ['float32'],
  params: () => ({ type: 'binary_plain', fields: {} }),
});
