/** EXP, LOG, ELU and GELU: float32 functions, and int8 ones by a table of all 256 values. */
import type { Attrs } from '../ir/graph.js';
import { erfc } from './erfc.js';
import { int8Table, type Scale } from './lookup-table.js';
import type { OpDef, OpView, TfliteBinding } from './op-def.js';
import { perTensor } from './quantise.js';
import { plainBinding, type UnaryCall, unaryOp } from './unary.js';

export type GeluAttrs = { readonly approximate: boolean };

const f = Math.fround;

export const exp = tableFunction(plainBinding(47, 'EXP'), () => Math.exp);

// At and below zero the logarithm is the output's smallest value.
export const log = tableFunction(plainBinding(73, 'LOG'), (_view, output) => {
  const smallest = f(output.scale * (-128 - output.zeroPoint));
  return (x) => (x <= 0 ? smallest : Math.log(x));
});

export const elu = tableFunction(plainBinding(111, 'ELU'), () => (x) => (x < 0 ? f(Math.exp(x)) - 1 : x));

export const gelu = tableFunction<GeluAttrs>(
  { builtin: 150, name: 'GELU', attrs: (options) => ({ approximate: options.bool(0, false) }) },
  ({ attrs }) => (attrs.approximate ? geluTanh : geluExact),
  ({ attrs }) => (attrs.approximate ? 'gelu_tanh_f32' : 'gelu_f32'),
);

// Of TensorFlow's reference/gelu.h.
function geluExact(x: number): number {
  return f(0.5 * x) * f(erfc(f(x * f(-Math.SQRT1_2))));
}

function geluTanh(x: number): number {
  const cube = f(f(f(f(0.044715) * x) * x) * x);
  const inner = f(f(Math.sqrt(2 / Math.PI)) * f(x + cube));
  return f(0.5 * x) * f(1 + f(Math.tanh(inner)));
}

function tableFunction<A extends Attrs>(
  binding: TfliteBinding<A>,
  transform: (view: OpView<A>, output: Scale) => (x: number) => number,
  floatKernel?: (view: OpView<A>) => string,
): OpDef<A> {
  const kind = binding.name.toLowerCase();
  return unaryOp({
    kind,
    file: 'float_function',
    tflite: [binding],
    dtypes: ['int8', 'float32'],
    call(view): UnaryCall {
      if (view.input(0).dtype === 'float32')
        return { kernel: floatKernel?.(view) ?? `${kind}_f32`, type: null, fields: {} };
      const [input, output] = [perTensor(view.input(0)), perTensor(view.output(0))];
      const values = int8Table(input, output, transform(view, output));
      return {
        kernel: 'lookup_s8',
        file: 'lookup',
        type: 'lookup',
        fields: { table: { array: { role: 'table', values, weight: false } } },
      };
    },
  });
}
