/** ERF: the error function, which ONNX has and TFLite has not; int8 by a table of all 256 values. */
import { erfc } from './erfc.js';
import { int8Table } from './lookup-table.js';
import { perTensor } from './quantise.js';
import { noParams, type UnaryCall, unaryOp } from './unary.js';

export const erf = unaryOp({
  kind: 'erf',
  file: 'float_function',
  tflite: [],
  dtypes: ['int8', 'float32'],
  call(view): UnaryCall {
    if (view.input(0).dtype === 'float32') return noParams;
    const values = int8Table(perTensor(view.input(0)), perTensor(view.output(0)), (x) => 1 - erfc(x));
    return {
      kernel: 'lookup_s8',
      file: 'lookup',
      type: 'lookup',
      fields: { table: { array: { role: 'table', values, weight: false } } },
    };
  },
});
