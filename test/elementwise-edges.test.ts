/** Where TFLite leaves a result undefined or refuses at run time, ours is defined: the real C, with sanitizers on. */
import test from 'ava';
import { planNetwork } from '../src/flow/compile-graph.js';
import type { Attrs, Graph } from '../src/ir/graph.js';
import { type DType, type Quant, type Tensor, typedArray } from '../src/ir/tensor.js';
import { findUnsupported } from '../src/ops/index.js';
import { HostProgram } from './host-runner.js';
import { planOptions } from './plan-options.js';

interface Edge {
  readonly kind: string;
  readonly attrs?: Attrs;
  readonly inputs: readonly { values: ArrayLike<number> & ArrayBufferView; dtype: DType; quant?: Quant }[];
  readonly output: { dtype: DType; quant?: Quant };
  /** Exact, or a number and the largest difference to it. */
  expected(index: number): number | { near: number; within: number };
}

const scaled = (scale: number, zeroPoint: number): Quant => ({
  scales: [Math.fround(scale)],
  zeroPoints: [zeroPoint],
  axis: null,
});

const everyInt8 = Int8Array.from({ length: 256 }, (_, index) => index - 128);
const floats = Float32Array.of(NaN, Infinity, -Infinity, 1e30, -1e30, 2 ** 31, -(2 ** 31) - 256, 1.75, -1.75);
const ints = Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 65536, 7);
const clampInt8 = (x: number) => Math.max(-128, Math.min(127, x));

const castOf = (dtype: DType, expected: readonly number[]): Edge => ({
  kind: 'cast',
  inputs: [{ values: floats, dtype: 'float32' }],
  output: { dtype },
  expected: (index) => expected[index]!,
});

const edges: Readonly<Record<string, Edge>> = {
  neg_rescaled: {
    kind: 'neg',
    inputs: [{ values: everyInt8, dtype: 'int8', quant: scaled(0.05, -30) }],
    output: { dtype: 'int8', quant: scaled(0.07, 11) },
    expected: (index) => ({ near: clampInt8((-(everyInt8[index]! + 30) * 0.05) / 0.07 + 11), within: 1 }),
  },
  neg_same_scale: {
    kind: 'neg',
    inputs: [{ values: everyInt8, dtype: 'int8', quant: scaled(0.05, 0) }],
    output: { dtype: 'int8', quant: scaled(0.05, 0) },
    expected: (index) => clampInt8(-everyInt8[index]!),
  },
  div_int8: {
    kind: 'div',
    attrs: { activation: 'none' },
    inputs: [
      { values: everyInt8, dtype: 'int8', quant: scaled(0.05, 3) },
      { values: everyInt8.map((x) => (x % 7) - 3), dtype: 'int8', quant: scaled(0.1, -3) },
    ],
    output: { dtype: 'int8', quant: scaled(0.5, 20) },
    expected(index) {
      const [a, b] = [everyInt8[index]! - 3, everyInt8[index]! % 7];
      if (a === 0) return 20;
      if (b === 0) return a < 0 ? -128 : 127;
      return { near: clampInt8((a * 0.05) / (b * 0.1) / 0.5 + 20), within: 1 };
    },
  },
  div_int32: {
    kind: 'div',
    attrs: { activation: 'none' },
    inputs: [
      { values: ints, dtype: 'int32' },
      { values: Int32Array.of(-1, 0, 256, -2), dtype: 'int32' },
    ],
    output: { dtype: 'int32' },
    expected: (index) => [-(2 ** 31), 0, 256, -3][index]!,
  },
  mul_int32: {
    kind: 'mul',
    attrs: { activation: 'none' },
    inputs: [
      { values: ints, dtype: 'int32' },
      { values: Int32Array.of(-1, 2, 65537, -6), dtype: 'int32' },
    ],
    output: { dtype: 'int32' },
    expected: (index) => [-(2 ** 31), -2, 65536, -42][index]!,
  },
  abs_int32: {
    kind: 'abs',
    inputs: [{ values: ints, dtype: 'int32' }],
    output: { dtype: 'int32' },
    expected: (index) => [-(2 ** 31), 2 ** 31 - 1, 65536, 7][index]!,
  },
  quantize: {
    kind: 'quantize',
    inputs: [{ values: floats, dtype: 'float32' }],
    output: { dtype: 'int16', quant: scaled(0.5, 0) },
    expected: (index) => [-32768, 32767, -32768, 32767, -32768, 32767, -32768, 4, -4][index]!,
  },
  cast_int8: castOf('int8', [0, 127, -128, 127, -128, 127, -128, 1, -1]),
  cast_uint8: castOf('uint8', [0, 255, 0, 255, 0, 255, 0, 1, 0]),
  cast_int32: castOf('int32', [
    0,
    ...[2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 1, -(2 ** 31)],
    ...[1, -1],
  ]),
  cast_bool: castOf('bool', [1, 1, 1, 1, 1, 1, 1, 1, 1]),
  sqrt_int8: {
    kind: 'sqrt',
    inputs: [{ values: everyInt8, dtype: 'int8', quant: scaled(0.05, -100) }],
    output: { dtype: 'int8', quant: scaled(0.02, -120) },
    expected(index) {
      const x = Math.max(0, (everyInt8[index]! + 100) * 0.05);
      return { near: clampInt8(Math.sqrt(x) / 0.02 - 120), within: 1 };
    },
  },
  rsqrt_int8: {
    kind: 'rsqrt',
    inputs: [{ values: everyInt8, dtype: 'int8', quant: scaled(0.05, -100) }],
    output: { dtype: 'int8', quant: scaled(0.02, -120) },
    expected(index) {
      const x = (everyInt8[index]! + 100) * 0.05;
      return x <= 0 ? 127 : { near: clampInt8(1 / Math.sqrt(x) / 0.02 - 120), within: 1 };
    },
  },
};

function graphOf(name: string, edge: Edge): Graph {
  const shape = [edge.inputs[0]!.values.length];
  const tensor = (id: number, dtype: DType, quant?: Quant): Tensor => ({
    id,
    name: `t${id}`,
    dtype,
    shape,
    quant: quant ?? null,
    data: null,
  });
  const inputs = edge.inputs.map((_, index) => index);
  const outputs = [inputs.length];
  return {
    name,
    tensors: [
      ...edge.inputs.map(({ dtype, quant }, id) => tensor(id, dtype, quant)),
      tensor(inputs.length, edge.output.dtype, edge.output.quant),
    ],
    ops: [{ id: 0, kind: edge.kind, label: edge.kind, inputs, outputs, attrs: edge.attrs ?? {} }],
    inputs,
    outputs,
  };
}

test('every edge', async (t) => {
  const graphs = Object.entries(edges).map(([name, edge]) => graphOf(name, edge));
  t.deepEqual(
    graphs.flatMap((graph) => findUnsupported(graph)),
    [],
  );
  const program = await HostProgram.compile(
    graphs.map((graph) => ({
      graph,
      plan: planNetwork(graph, planOptions),
    })),
  );
  t.teardown(() => program.close());
  Object.entries(edges).forEach(([name, edge], position) => {
    const raw = edge.inputs.map(
      ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
    const output = program.run(position, raw).outputs[0]!;
    Array.from(typedArray(edge.output.dtype, output), Number).forEach((actual, index) => {
      const expected = edge.expected(index);
      const [near, within] = typeof expected === 'number' ? [expected, 0] : [expected.near, expected.within];
      t.true(Math.abs(actual - near) <= within, `${name} ${index}: ${actual} for ${near}`);
    });
  });
});
