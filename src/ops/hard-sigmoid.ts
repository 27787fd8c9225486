/** HARD_SIGMOID: max(0, min(1, alpha x + beta)), which ONNX has and TFLite writes as three operators. */
import { int8Table } from './lookup-table.js';
import { perTensor } from './quantise.js';
import { type UnaryCall, unaryOp } from './unary.js';

export type HardSigmoidAttrs = { readonly alpha: number; readonly beta: number };

export const hardSigmoid = unaryOp<HardSigmoidAttrs>({
  kind: 'hard_sigmoid',
  file: 'hard_sigmoid',
  tflite: [],
  dtypes: ['int8', 'float32'],
  call(view): UnaryCall {
    const { alpha, beta } = view.attrs;
    if (view.input(0).dtype === 'float32')
      return { type: 'hard_sigmoid_f32', fields: { alpha: { float: alpha }, beta: { float: beta } } };
    const table = int8Table(perTensor(view.input(0)), perTensor(view.output(0)), (x) =>
      Math.min(Math.max(alpha * x + beta, 0), 1),
    );
    return {
      kernel: 'lookup_s8',
      file: 'lookup',
      type: 'lookup',
      fields: { table: { array: { role: 'table', values: table, weight: false } } },
    };
  },
});
