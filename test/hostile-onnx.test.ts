/** Damaged, hostile and incomplete .onnx files end in a plan, or in one line with a code. */
import test from 'ava';
import { ReflowError } from '../src/base/error.js';
import { emitProject } from '../src/emit/emit-project.js';
import { importNetwork, planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { decodeModel } from '../src/import/onnx/wire.js';
import { importOnnx, type OnnxOptions } from '../src/import/onnx.js';
import type { RunnableNetwork } from './host-runner.js';
import { outcomeText, runCases } from './hostile-run.js';
import { mutate } from './mutate.js';
import { onnxVectorNames, readOnnxVector } from './onnx-vector-file.js';
import { planOptions } from './plan-options.js';
import { decode } from './vector-file.js';
import { writeOnnx } from './write-onnx.js';

const hashes = { modelHash: '00'.repeat(32), planHash: '00'.repeat(32) };

function compile(bytes: Uint8Array): RunnableNetwork {
  const graph = prepareGraph(importNetwork(bytes, 'net'));
  const plan = planNetwork(graph, { ...planOptions, seconds: 0.01 });
  emitProject(graph, plan, { file: 'net.onnx', ...hashes });
  return { graph, plan };
}

const relu = { opType: 'Relu', inputs: ['x'], outputs: ['y'] };
const plain = { nodes: [relu], inputs: { x: [1, 4] }, outputs: ['y'] };
const whole = decode(readOnnxVector('resnet_script').model);

const bad: readonly [what: string, bytes: Uint8Array, line: RegExp, options?: OnnxOptions][] = [
  ['truncated', whole.subarray(0, whole.length >> 1), /^E_MODEL_FORMAT: net.onnx is damaged: /],
  [
    'an old opset',
    writeOnnx({ ...plain, opset: 9 }),
    /^E_MODEL_FORMAT: net.onnx uses opset 9; reflow reads opset 13 to /,
  ],
  [
    'an opset to come',
    writeOnnx({ ...plain, opset: 99 }),
    /^E_MODEL_FORMAT: net.onnx uses opset 99; .*Next: export it with an older opset/,
  ],
  [
    'another domain',
    writeOnnx({ ...plain, nodes: [{ ...relu, domain: 'com.microsoft' }] }),
    /^E_MODEL_FORMAT: node 0 \(Relu \) is of the domain com.microsoft; /,
  ],
  [
    'an unknown operator',
    writeOnnx({ ...plain, nodes: [{ ...relu, opType: 'Frobnicate' }] }),
    /^E_UNSUPPORTED: net has operators that cannot run: 0 Frobnicate: reflow has no kernel for it/,
  ],
  [
    'a dynamic shape',
    writeOnnx({ ...plain, inputs: { x: ['batch', 4] } }),
    /^E_MODEL_FORMAT: the input x has the dynamic shape \[batch, 4\]. Next: .*--shape x=1x4$/,
  ],
  [
    'a shape that does not fit',
    writeOnnx({ ...plain, inputs: { x: ['batch', 4] } }),
    /^E_INPUT: the shape 1x5 does not fit the input x, which is \[batch, 4\]/,
    { shapes: { x: [1, 5] } },
  ],
  [
    'a shape for nobody',
    writeOnnx(plain),
    /^E_INPUT: the network has no input z; it has x/,
    { shapes: { z: [1, 4] } },
  ],
  [
    'a cycle',
    writeOnnx({
      ...plain,
      nodes: [
        { opType: 'Add', inputs: ['x', 'y'], outputs: ['a'] },
        { opType: 'Relu', inputs: ['a'], outputs: ['y'] },
      ],
    }),
    /^E_MODEL_FORMAT: node 0 \(Add\) depends on its own result: the graph has a cycle/,
  ],
  [
    'a value that nobody computes',
    writeOnnx({ ...plain, nodes: [{ ...relu, inputs: ['nothing'] }] }),
    /^E_MODEL_FORMAT: node 0 \(Relu\) reads "nothing", which nothing computes/,
  ],
  [
    'external data that is not there',
    writeOnnx({
      ...plain,
      nodes: [{ opType: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
      constants: { w: { shape: [4], file: 'weights.bin' } },
    }),
    /^E_MODEL_FORMAT: tensor w has its data in the file "weights.bin", which is not beside the network/,
  ],
  [
    'external data that is too short',
    writeOnnx({
      ...plain,
      nodes: [{ opType: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
      constants: { w: { shape: [4], file: 'weights.bin' } },
    }),
    /^E_MODEL_FORMAT: tensor w has 8 bytes of data where 16 are needed/,
    { external: () => new Uint8Array(8) },
  ],
  [
    'a constant that is too short',
    writeOnnx({
      ...plain,
      nodes: [{ opType: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
      constants: { w: { shape: [4], values: [1, 2] } },
    }),
    /^E_MODEL_FORMAT: tensor w has 8 bytes of data where 16 are needed/,
  ],
];

for (const [what, bytes, line, options] of bad)
  test(`${what} ends in one line`, (t) => {
    const error = t.throws(() => prepareGraph(importOnnx(bytes, 'net', options).graph), {
      instanceOf: ReflowError,
    });
    t.regex(error.line, line);
    t.notRegex(error.line, /\n/);
  });

/** Where the numbers of constants lie in a file. */
function weightsOf(bytes: Uint8Array): [number, number][] {
  const buffer = Buffer.from(bytes);
  return decodeModel(bytes).graph!.initializer.flatMap(({ rawData }) => {
    const first = rawData.length < 64 ? -1 : buffer.indexOf(rawData);
    return first < 0 ? [] : [[first, first + rawData.length] as [number, number]];
  });
}

const corpus = onnxVectorNames()
  .map((name) => decode(readOnnxVector(name).model))
  .map((bytes) => ({ bytes, weights: weightsOf(bytes) }));

/** In slices, so that the test runner hears of each. */
const slice = 1000;

for (let first = 0; first < 10_000; first += slice)
  test.serial(`damaged files ${first} to ${first + slice - 1}`, async (t) => {
    t.timeout(600_000);
    await new Promise((resolve) => setImmediate(resolve));
    const outcome = runCases(slice, (position) => {
      const index = first + position;
      const [{ bytes, weights }, other] = [
        corpus[index % corpus.length]!,
        corpus[(7 * index) % corpus.length]!,
      ];
      return compile(mutate(bytes, index, other.bytes, weights));
    });
    t.log(outcomeText(outcome));
    t.deepEqual(outcome.faults, []);
    t.true(outcome.compiled.length > 50 && outcome.codes.get('E_MODEL_FORMAT')! > 300);
  });
