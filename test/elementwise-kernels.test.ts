/** What an element-wise operator does not refuse has a kernel of the right signature, whatever its types and scales. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { ReflowError } from '../src/base/error.js';
import type { DType, Quant, Tensor } from '../src/ir/tensor.js';
import { opDefs } from '../src/ops/index.js';
import { type OpDef, type OpView, viewOp } from '../src/ops/op-def.js';
import { repositoryRoot } from './host-runner.js';

/** Types that run: of the input and, where it differs, of the output; or of both operands and the output. */
const accepted: Readonly<Record<string, string>> = {
  abs: 'int8 int16 int32 float32',
  neg: 'int8 int32 float32',
  relu: 'int8 int16 float32',
  relu6: 'int8 int16 float32',
  relu_0_to_1: 'int8 int16 float32',
  relu_n1_to_1: 'int8 int16 float32',
  leaky_relu: 'int8 int16 float32',
  logistic: 'int8 int16 float32',
  tanh: 'int8 int16 float32',
  hard_swish: 'int8 float32',
  sqrt: 'int8 int16 float32',
  rsqrt: 'int8 int16 float32',
  exp: 'int8 float32',
  log: 'int8 float32',
  elu: 'int8 float32',
  gelu: 'int8 float32',
  square: 'float32',
  sin: 'float32',
  cos: 'float32',
  floor: 'float32',
  ceil: 'float32',
  round: 'float32',
  quantize:
    'int8 int8>uint8 int8>int16 int8>int32 uint8>int8 int16 int16>int8 int16>int32 int32>int8 int32>int16 float32>int8 float32>uint8 float32>int16',
  dequantize: 'int8>float32 uint8>float32 int16>float32',
  add: 'int8 int16 int32 float32',
  sub: 'int8 int16 int32 float32',
  mul: 'int8 int16 int32 float32',
  div: 'int8 int32 float32',
  maximum: 'int8 int16 int32 int64 float32',
  minimum: 'int8 int16 int32 int64 float32',
  squared_difference: 'int8 int16 int32 float32',
  prelu: 'int8 int16,int8 float32',
};

const dtypes: readonly DType[] = ['int8', 'uint8', 'int16', 'int32', 'int64', 'float32', 'bool'];
const two = ['prelu', 'add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'squared_difference'];

const quant = (scales: number[], zeroPoint: number): Quant => ({
  scales,
  zeroPoints: scales.map(() => zeroPoint),
  axis: scales.length === 1 ? null : 0,
});
const plain = [null, quant([0.02], 0), quant([1 / 256], -128), quant([1 / 128], 0), quant([1 / 32768], 0)];
const odd = [
  quant([0.1, 0.2], 0),
  quant([0.1], 200),
  quant([0.1], 2 ** 40),
  quant([Math.fround(1e-30)], 0),
  quant([Math.fround(1e30)], 0),
];

const shapes = [
  [
    [4, 2],
    [4, 2],
  ],
  [[2], [4, 2]],
];

function viewOf(def: OpDef, tensors: readonly Pick<Tensor, 'dtype' | 'quant' | 'shape'>[]): OpView {
  const inputs = tensors.slice(0, -1).map((_, index) => index);
  const attrs = { activation: 'none', alpha: 0.2, approximate: true };
  const op = { id: 0, kind: def.kind, label: def.kind, inputs, outputs: [inputs.length], attrs };
  const numbered = tensors.map((tensor, id) => ({ ...tensor, id, name: `t${id}`, data: null }));
  return viewOp({ name: 'g', tensors: numbered, ops: [op], inputs, outputs: op.outputs }, op);
}

function isRefused(def: OpDef, view: OpView): boolean {
  try {
    const refusal = def.refuse(view);
    return refusal !== null && refusal.reason !== '' && refusal.hint !== '';
  } catch (error) {
    if (error instanceof ReflowError) return true;
    throw error;
  }
}

const cType: Readonly<Record<DType, string>> = {
  int8: 'int8_t',
  uint8: 'uint8_t',
  int16: 'int16_t',
  int32: 'int32_t',
  int64: 'int64_t',
  float32: 'float',
  bool: 'uint8_t',
};
const headers = new Map<string, string>();

/** The declarations of a kernel header, macros expanded. */
function header(file: string): string {
  const known = headers.get(file);
  if (known !== undefined) return known;
  const path = join(repositoryRoot, 'runtime-c/ops', `${file}.h`);
  const text = execFileSync('gcc', ['-E', '-P', path], { encoding: 'utf8' }).replace(/\s+/g, ' ');
  headers.set(file, text);
  return text;
}

/** Null when every call is declared with its parameter struct and its operands' types. */
function undeclared(def: OpDef, view: OpView): string | null {
  for (const call of def.calls(view)) {
    const params = call.paramsType === null ? '' : `const rf_${call.paramsType} \\*p, `;
    const operands = view.inputs.map((tensor) => `const ${cType[tensor!.dtype]} \\*\\w+, `).join('');
    const end = call.form === 'flat' ? ', int32_t count' : '';
    const output = cType[view.output(0).dtype];
    const declaration = `void rf_${call.kernel}\\(${params}${operands}${output} \\*out${end}\\);`;
    if (!new RegExp(declaration).test(header(call.file))) return declaration;
  }
  return null;
}

for (const [kind, types] of Object.entries(accepted)) {
  test(`${kind}: what is not refused has a kernel`, (t) => {
    const def = opDefs.find((candidate) => candidate.kind === kind)!;
    const operands = two.includes(kind) ? 2 : 1;
    const seen = new Set<string>();
    for (const input of dtypes)
      for (const output of dtypes)
        for (const second of operands === 2 ? dtypes : [null])
          for (const qi of [...plain, ...odd])
            for (const qo of [...plain, ...odd])
              for (const [shapeA, shapeB] of operands === 2 ? shapes : shapes.slice(0, 1)) {
                const out = { dtype: output, quant: qo, shape: [4, 2] };
                const a = { dtype: input, quant: qi, shape: kind === 'prelu' ? [4, 2] : shapeA! };
                const b = second && {
                  dtype: second,
                  quant: qi,
                  shape: kind === 'prelu' ? shapeA! : shapeB!,
                };
                const view = viewOf(def, b ? [a, b, out] : [a, out]);
                if (isRefused(def, view)) continue;
                const missing = undeclared(def, view);
                if (missing !== null) t.fail(missing);
                seen.add(nameOf(input, second, output));
              }
    t.deepEqual([...seen].sort(), types.split(' ').sort());
  });
}

function nameOf(input: DType, second: DType | null, output: DType): string {
  const inputs = second === null || second === input ? input : `${input},${second}`;
  return output === input ? inputs : `${inputs}>${output}`;
}
