/**
 * SILU: x times the logistic function of slope * x; slope 1 is SiLU, 1.702 the approximation of GELU that CLIP and MCUFormer use.
 * int8 by a table of all 256 values.
 */
import { int8Table } from './lookup-table.js';
import { perTensor } from './quantise.js';
import { type UnaryCall, unaryOp } from './unary.js';

export type SiluAttrs = { readonly slope: number };

export const silu = unaryOp<SiluAttrs>({
  kind: 'silu',
  file: 'lookup',
  tflite: [],
  dtypes: ['int8'],
  call(view): UnaryCall {
    const { slope } = view.attrs;
    const [input, output] = [perTensor(view.input(0)), perTensor(view.output(0))];
    const values = int8Table(input, output, (x) => x / (1 + Math.exp(-slope * x)));
    return {
      kernel: 'lookup_s8',
      type: 'lookup',
      fields: { table: { array: { role: 'table', values, weight: false } } },
    };
  },
});
