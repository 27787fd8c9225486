/** One small network for each way in which files have been odd or hostile, and what becomes of it. */
import test from 'ava';
import { type ErrorCode, ReflowError } from '../src/base/error.js';
import { emitProject } from '../src/emit/emit-project.js';
import { importNetwork, planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { identifier } from '../src/flow/network-file.js';
import { HostProgram, type RunnableNetwork } from './host-runner.js';
import { planOptions } from './plan-options.js';
import {
  float,
  int8,
  int32,
  type NetworkSpec,
  type OpSpec,
  type TensorSpec,
  writeTflite,
} from './write-tflite.js';

const fine = { scales: [0.5], zeroPoints: [0] };
const vector = (over: Partial<TensorSpec> = {}): TensorSpec => ({ shape: [1, 4], ...fine, ...over });
const image = (over: Partial<TensorSpec> = {}): TensorSpec => ({ shape: [1, 4, 4, 1], ...fine, ...over });
const words = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);

const maxPool = (stride: number, window: number, padding = 0): OpSpec => ({
  builtin: 17,
  inputs: [0],
  outputs: [1],
  options: [int8(padding), int32(stride), int32(stride), int32(window), int32(window), int8(0)],
});

function compile(spec: NetworkSpec, name = 'odd'): RunnableNetwork {
  const graph = prepareGraph(importNetwork(writeTflite(spec), name));
  const plan = planNetwork(graph, { ...planOptions, seconds: 0.05 });
  emitProject(graph, plan, { file: 'odd.tflite', modelHash: '00', planHash: '00' });
  return { graph, plan };
}

const relu = (inputs: number[], outputs: number[]): OpSpec => ({ builtin: 19, inputs, outputs });
const through = (first: TensorSpec, second: TensorSpec, op: OpSpec): NetworkSpec => ({
  tensors: [first, second],
  ops: [op],
  inputs: [0],
  outputs: [1],
});
const reluOf = (over: Partial<TensorSpec>) => through(vector(over), vector(over), relu([0], [1]));

const chain = (count: number, tensor: TensorSpec): NetworkSpec => ({
  tensors: Array.from({ length: count + 1 }, () => tensor),
  ops: Array.from({ length: count }, (_, index) => relu([index], [index + 1])),
  inputs: [0],
  outputs: [count],
});

const fullyConnected = (weights: number, bias: TensorSpec, over: Partial<TensorSpec> = {}): NetworkSpec => ({
  tensors: [
    vector({ shape: [1, 2], ...over }),
    vector({ shape: [1, 2], data: [weights, weights] }),
    bias,
    vector({ shape: [1, 1], ...over }),
  ],
  ops: [{ builtin: 9, inputs: [0, 1, 2], outputs: [3], options: [int8(0), int8(0), int8(0)] }],
  inputs: [0],
  outputs: [3],
});

const refused: Record<string, readonly [spec: NetworkSpec, code: ErrorCode, message: RegExp]> = {
  'a scale of zero': [reluOf({ scales: [0] }), 'E_UNSUPPORTED', /scale ratio/],
  'a scale that is no number': [reluOf({ scales: [Number.NaN] }), 'E_MODEL_FORMAT', /scale/],
  'an infinite scale': [reluOf({ scales: [Number.POSITIVE_INFINITY] }), 'E_MODEL_FORMAT', /scale/],
  'a negative scale': [reluOf({ scales: [-1] }), 'E_MODEL_FORMAT', /scale/],
  'a zero point outside int8': [
    reluOf({ zeroPoints: [1000] }),
    'E_MODEL_FORMAT',
    /zero point outside -128 to 127/,
  ],
  'a zero point outside 32 bits': [
    reluOf({ dtype: 'float32', zeroPoints: [2 ** 40] }),
    'E_MODEL_FORMAT',
    /zero point outside/,
  ],
  'scales too far apart': [
    through(vector({ scales: [1e30] }), vector({ scales: [1e-30] }), relu([0], [1])),
    'E_UNSUPPORTED',
    /scale ratio/,
  ],
  'a negative dimension': [reluOf({ shape: [1, -4] }), 'E_MODEL_FORMAT', /impossible shape/],
  'more than 2 GiB': [reluOf({ shape: [65_536, 65_536] }), 'E_MODEL_FORMAT', /2 GiB/],
  'data that is missing': [
    through(vector(), vector({ data: [1, 2] }), relu([0], [1])),
    'E_MODEL_FORMAT',
    /2 bytes of data where 4 are needed/,
  ],
  'a cycle': [
    { ...chain(2, vector()), ops: [relu([1], [2]), relu([2], [1])], outputs: [2] },
    'E_GRAPH',
    /before anything has written it/,
  ],
  'a tensor written twice': [
    { ...chain(1, vector()), ops: [relu([0], [1]), relu([0], [1])] },
    'E_GRAPH',
    /a second time/,
  ],
  'the same input twice': [{ ...chain(1, vector()), inputs: [0, 0] }, 'E_GRAPH', /listed twice/],
  'an output that is a constant': [
    {
      ...through(vector(), vector(), relu([0], [1])),
      tensors: [vector(), vector(), vector({ data: [1, 2, 3, 4] })],
      outputs: [1, 2],
    },
    'E_UNSUPPORTED',
    /output tensor 2 .* is a constant/,
  ],
  'an input of seven dimensions': [
    { tensors: [vector({ shape: [1, 1, 1, 1, 1, 1, 4] })], ops: [], inputs: [0], outputs: [0] },
    'E_UNSUPPORTED',
    /7 dimensions; at most 6/,
  ],
  'a tensor of seven dimensions inside': [
    {
      ...chain(2, vector()),
      tensors: [vector(), vector({ shape: [1, 1, 1, 1, 1, 1, 4] }), vector()],
      ops: [
        { builtin: 22, inputs: [0], outputs: [1] },
        { builtin: 22, inputs: [1], outputs: [2] },
      ],
    },
    'E_UNSUPPORTED',
    /0 RESHAPE: tensor 1 has 7 dimensions.*1 RESHAPE/,
  ],
  'an operator with an output too many': [
    { tensors: [vector(), vector(), vector()], ops: [relu([0], [1, 2])], inputs: [0], outputs: [2] },
    'E_UNSUPPORTED',
    /2 outputs, but it has 1/,
  ],
  'an operator without inputs': [
    { ...chain(1, vector()), ops: [relu([], [1])] },
    'E_UNSUPPORTED',
    /has no input 0/,
  ],
  'a PAD without inputs': [
    { ...chain(1, image()), ops: [{ builtin: 34, inputs: [], outputs: [1] }] },
    'E_UNSUPPORTED',
    /has no input/,
  ],
  'a window without end': [
    through(image(), image(), maxPool(1, 2 ** 30)),
    'E_UNSUPPORTED',
    /window that reaches over/,
  ],
  'a stride without end': [
    through(image(), image({ shape: [1, 1, 1, 1] }), maxPool(2 ** 31 - 1, 1)),
    'E_UNSUPPORTED',
    /window that reaches over/,
  ],
  'a stride of zero': [through(image(), image(), maxPool(0, 1)), 'E_UNSUPPORTED', /impossible/],
  'a softmax whose beta is no number': [
    through(vector({ dtype: 'float32', scales: [] }), vector({ dtype: 'float32', scales: [] }), {
      builtin: 25,
      inputs: [0],
      outputs: [1],
      options: [float(Number.NaN)],
    }),
    'E_UNSUPPORTED',
    /parameter beta/,
  ],
  'a mean of more than 32 bits': [
    {
      tensors: [
        image({ dtype: 'int16', shape: [1, 300, 300, 1] }),
        { shape: [2], dtype: 'int32', data: words(1, 2) },
        image({ dtype: 'int16', shape: [1, 1] }),
      ],
      ops: [{ builtin: 40, inputs: [0, 1], outputs: [2], options: [int8(0)] }],
      inputs: [0],
      outputs: [2],
    },
    'E_UNSUPPORTED',
    /sum of 90000 terms/,
  ],
  'an int64 bias beyond the accumulator': [
    fullyConnected(1, { shape: [1], dtype: 'int64', data: [0, 0, 0, 0, 0, 0, 0, 64] }, { dtype: 'int16' }),
    'E_UNSUPPORTED',
    /beyond 2\^46/,
  ],
  'an accumulator that can overflow': [
    fullyConnected(127, { shape: [1], dtype: 'int32', data: words(2 ** 31 - 1) }),
    'E_UNSUPPORTED',
    /can leave 32 bits/,
  ],
  'a scale ratio that int16 cannot hold': [
    {
      ...fullyConnected(1, { shape: [1], dtype: 'int64', data: Array(8).fill(0) }, { dtype: 'int16' }),
      tensors: fullyConnected(
        1,
        { shape: [1], dtype: 'int64', data: Array(8).fill(0) },
        { dtype: 'int16' },
      ).tensors.with(3, vector({ shape: [1, 1], dtype: 'int16', scales: [0.0001] })),
    },
    'E_UNSUPPORTED',
    /too large for int16/,
  ],
  'a fully connected layer that keeps dimensions it does not fit': [
    {
      tensors: [
        vector({ shape: [1, 6, 8] }),
        vector({ shape: [8, 2], data: Array(16).fill(1) }),
        vector({ shape: [1, 6, 8] }),
      ],
      ops: [{ builtin: 9, inputs: [0, 1], outputs: [2], options: [int8(0), int8(0), int8(1)] }],
      inputs: [0],
      outputs: [2],
    },
    'E_UNSUPPORTED',
    /weights \[8,2\] do not fit/,
  ],
  'an axis that is no integer': [
    {
      tensors: [
        vector(),
        { shape: [], dtype: 'float32', data: [1, 0, 0, 0] },
        { shape: [1], dtype: 'int32' },
      ],
      ops: [{ builtin: 56, inputs: [0, 1], outputs: [2] }],
      inputs: [0],
      outputs: [2],
    },
    'E_UNSUPPORTED',
    /float32 where integers belong/,
  ],
  'too many operators': [chain(5000, vector()), 'E_UNSUPPORTED', /5000 operators; at most 4096/],
  'too many tensors': [chain(4096, vector()), 'E_UNSUPPORTED', /more than 4096 tensors to place/],
};

for (const [name, [spec, code, message]] of Object.entries(refused)) {
  test(`refused: ${name}`, (t) => {
    const start = process.cpuUsage();
    const error = t.throws(() => compile(spec), { instanceOf: ReflowError });
    t.is(error.code, code, error.message);
    t.regex(error.message, message);
    t.notRegex(error.line, /\n/);
    const { user, system } = process.cpuUsage(start);
    t.true(user + system < 2e6, `${(user + system) / 1e6} s`);
  });
}

test('large but sound networks are planned within four seconds of work', (t) => {
  const tall = (rows: number) =>
    through(image({ shape: [1, rows, 1, 4] }), image({ shape: [1, rows, 1, 4] }), maxPool(1, 3));
  for (const spec of [
    tall(900),
    tall(100_000),
    chain(1000, vector()),
    chain(300, image({ shape: [1, 6, 6, 2] })),
    reluOf({ shape: [1, 2 ** 30] }),
  ]) {
    const start = process.cpuUsage();
    t.true(compile(spec).plan.arenaBytes > 0);
    const { user, system } = process.cpuUsage(start);
    t.true(user + system < 4e6, `${spec.ops.length} operators: ${(user + system) / 1e6} s`);
  }
  t.true(process.resourceUsage().maxRSS < 2 ** 20, `${process.resourceUsage().maxRSS} KiB`);
});

const evilNames = ['*/ int x; /*', '"); evil("', '??/', 'é???/', '\\', '\n#error', 'x'.repeat(5000), ''];

/** Odd networks that do run: inputs, and the outputs that they must give. */
const accepted: Record<string, readonly [spec: NetworkSpec, inputs: Uint8Array[], outputs: Uint8Array[]]> = {
  'no operators, the input is the output': [
    { tensors: [vector()], ops: [], inputs: [0], outputs: [0] },
    [Uint8Array.of(1, 2, 3, 4)],
    [Uint8Array.of(1, 2, 3, 4)],
  ],
  'an output listed twice': [
    { ...chain(1, vector()), outputs: [1, 1] },
    [Uint8Array.of(1, 254, 3, 4)],
    [Uint8Array.of(1, 0, 3, 4), Uint8Array.of(1, 0, 3, 4)],
  ],
  'operators without outputs, and tensors that nobody reads': [
    {
      tensors: [vector(), vector(), vector()],
      ops: [relu([0], []), relu([0], [1]), relu([0], [2])],
      inputs: [0],
      outputs: [1],
    },
    [Uint8Array.of(1, 2, 3, 255)],
    [Uint8Array.of(1, 2, 3, 0)],
  ],
  'names that end comments and strings, and one name for all': [
    {
      ...chain(evilNames.length, vector()),
      tensors: ['twice', 'twice', ...evilNames]
        .slice(0, evilNames.length + 1)
        .map((name) => vector({ name })),
    },
    [Uint8Array.of(1, 2, 3, 255)],
    [Uint8Array.of(1, 2, 3, 0)],
  ],
  'evil names alone': [
    { ...chain(evilNames.length - 1, vector()), tensors: evilNames.map((name) => vector({ name })) },
    [Uint8Array.of(1, 2, 3, 255)],
    [Uint8Array.of(1, 2, 3, 0)],
  ],
  'inputs of type bool, int64 and uint8 that pass through': [
    {
      tensors: [
        { shape: [2], dtype: 'bool' },
        { shape: [1], dtype: 'int64' },
        { shape: [3], dtype: 'uint8', ...fine },
      ],
      ops: [],
      inputs: [0, 1, 2],
      outputs: [2, 1, 0],
    },
    [Uint8Array.of(1, 0), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), Uint8Array.of(9, 8, 7)],
    [Uint8Array.of(9, 8, 7), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), Uint8Array.of(1, 0)],
  ],
  'a denormal scale': [
    reluOf({ scales: [1e-40] }),
    [Uint8Array.of(1, 2, 3, 255)],
    [Uint8Array.of(1, 2, 3, 0)],
  ],
  'a softmax over so many equal classes that none gets a share': [
    {
      tensors: [
        vector({ shape: [1, 1000] }),
        vector({ shape: [1, 1000], scales: [1 / 256], zeroPoints: [-128] }),
      ],
      ops: [{ builtin: 25, inputs: [0], outputs: [1], options: [float(1)] }],
      inputs: [0],
      outputs: [1],
    },
    [new Uint8Array(1000)],
    [new Uint8Array(1000).fill(0x80)],
  ],
  'a pool over a constant image': [
    {
      tensors: [image({ shape: [1, 2, 2, 1], data: [1, 2, 3, 4] }), image({ shape: [1, 1, 1, 1] }), vector()],
      ops: [maxPool(1, 2, 1)],
      inputs: [2],
      outputs: [1],
    },
    [Uint8Array.of(0, 0, 0, 0)],
    [Uint8Array.of(4)],
  ],
  'weights that two operators share': [
    {
      tensors: [
        vector({ shape: [1, 2] }),
        vector({ shape: [2, 2], data: [2, 0, 0, 2] }),
        vector({ shape: [1, 2] }),
        vector({ shape: [1, 2] }),
      ],
      ops: [
        { builtin: 9, inputs: [0, 1, -1], outputs: [2], options: [int8(0)] },
        { builtin: 9, inputs: [2, 1, -1], outputs: [3], options: [int8(0)] },
      ],
      inputs: [0],
      outputs: [3],
    },
    [Uint8Array.of(5, 0xfb)],
    [Uint8Array.of(5, 0xfb)],
  ],
};

test('odd networks that run', async (t) => {
  const cases = Object.entries(accepted);
  const networks = cases.map(([, [spec]], index) => compile(spec, `odd${index}`));
  const program = await HostProgram.compile(networks);
  t.teardown(() => program.close());
  const results = program.runAll(cases.map(([, [, inputs]], index) => ({ index, inputs })));
  for (const [index, [name, [, , outputs]]] of cases.entries())
    t.deepEqual(results[index]!.outputs, outputs, name);
});

test('names of files that C or the runtime has already get a prefix', (t) => {
  t.is(identifier('a/my-net v2.tflite'), 'my_net_v2');
  for (const name of ['math', 'STDINT', 'rf', 'rf_wire', 'port', '7seg', '_x'])
    t.is(identifier(`${name}.tflite`), `net_${name}`);
  t.is(identifier('mathematics.tflite'), 'mathematics');
  t.true(identifier(`${'x'.repeat(255)}.tflite`).length <= 104);
});
