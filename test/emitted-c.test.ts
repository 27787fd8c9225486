/** Emitted projects by themselves: built by their own Makefile and CMakeLists.txt, from C++, two in one image; and their text. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { files } from '../src/base/files.js';
import { buildImage } from '../src/build/build-image.js';
import { emitProject } from '../src/emit/emit-project.js';
import { writeProject } from '../src/flow/compile.js';
import { importNetwork, planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { loadCatalogue } from '../src/flow/list-boards.js';
import { planFor } from '../src/flow/plan.js';
import { planDefaults } from '../src/flow/requests.js';
import { boardById, targetOf } from '../src/hw/catalogue.js';
import { openBoard } from '../src/profile/open-board.js';
import { runOnce } from '../src/profile/run.js';
import { Session } from '../src/profile/session.js';
import { planOptions } from './plan-options.js';
import { root } from './repository.js';
import { decode, difference, readVectors, type VectorCase } from './vector-file.js';
import { int8, int32, type NetworkSpec, writeTflite } from './write-tflite.js';

function temporary(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-emitted-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function must(t: ExecutionContext, folder: string, program: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
  t.is(status, 0, `${program} ${args.join(' ')}: ${stderr || error}`);
  return stdout;
}

const networks = new Map(readVectors('networks').map((vector) => [vector.name, vector]));
const vectorOf = (name: string): VectorCase => networks.get(name)!;

/** Writes the network's file, compiles it, and returns the project's folder. */
async function project(folder: string, name: string, input: 'resident' | 'streamed' = 'resident') {
  const path = join(folder, `${name}.tflite`);
  writeFileSync(path, decode(vectorOf(name).model));
  const planned = await planFor({ network: path, board: 'virt-m4', ...planDefaults, input, seconds: 0.1 });
  const out = join(folder, name);
  await writeProject(planned, out);
  return { out, planned };
}

const cortexM4 = '-O2 -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard';
const compilers = [
  { prefix: '', cflags: '-O2' },
  { prefix: 'arm-none-eabi-', cflags: cortexM4 },
  { prefix: 'aarch64-linux-gnu-', cflags: '-O2' },
];

for (const [name, input] of [
  ['int8_residual', 'resident'],
  ['int8_plain', 'streamed'],
  ['int16_plain', 'resident'],
  ['float32_attention', 'resident'],
] as const) {
  test(`${name}, input ${input}: make and CMake build it without a warning`, async (t) => {
    t.timeout(120_000);
    const { out } = await project(temporary(t), name, input);
    for (const { prefix, cflags } of compilers) {
      const tools = [`CC=${prefix}gcc`, `AR=${prefix}ar`, `CFLAGS=${cflags}`];
      must(t, out, 'make', '-s', ...tools);
      t.true(existsSync(join(out, `lib${name}.a`)));
      must(t, out, 'make', '-s', 'clean');
    }
    const system = ['-DCMAKE_SYSTEM_NAME=Generic', '-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY'];
    const cross = ['-DCMAKE_C_COMPILER=arm-none-eabi-gcc', `-DCMAKE_C_FLAGS=${cortexM4}`, ...system];
    for (const [build, ...flags] of [['here'], ['cross', ...cross]] as const) {
      must(t, out, 'cmake', '-S', '.', '-B', build, ...flags);
      must(t, out, 'cmake', '--build', build);
      t.true(existsSync(join(out, build, `lib${name}.a`)));
    }
  });
}

test('a C++ program includes the header, links the library and gets the right numbers', async (t) => {
  const name = 'float32_plain';
  const { out } = await project(temporary(t), name);
  const vector = vectorOf(name);
  must(t, out, 'make', '-s');
  const source = `#include "${name}.h"
#include <cstdio>
alignas(RF_ARENA_ALIGNMENT) static uint8_t arena[FLOAT32_PLAIN_ARENA_BYTES];
int main()
{
    if (${name}_init(arena, sizeof arena) != RF_OK) return 1;
    float *input = ${name}_input(arena);
    if (std::fread(input, 1, FLOAT32_PLAIN_INPUT_BYTES, stdin) != FLOAT32_PLAIN_INPUT_BYTES) return 2;
    if (${name}_invoke(arena) != RF_OK) return 3;
    std::fwrite(${name}_output(arena), 1, FLOAT32_PLAIN_OUTPUT_BYTES, stdout);
    return ${name}_init(arena + 1, sizeof arena) == RF_ERR_ARENA_ALIGNMENT &&
           ${name}_init(arena, sizeof arena - 1) == RF_ERR_ARENA_SMALL ? 0 : 4;
}
`;
  writeFileSync(join(out, 'main.cpp'), source);
  const strict = ['-std=c++11', '-Wall', '-Wextra', '-Wpedantic', '-Werror'];
  must(t, out, 'g++', ...strict, 'main.cpp', `lib${name}.a`, '-lm', '-o', 'program');
  const ran = spawnSync(join(out, 'program'), { input: decode(vector.inputs[0]!) });
  t.is(ran.status, 0);
  t.is(difference('float32', new Uint8Array(ran.stdout), decode(vector.outputs[0]!.data)), null);
});

test('two networks in one image, each with its own numbers', async (t) => {
  t.timeout(120_000);
  const folder = temporary(t);
  const made = [await project(folder, 'int8_residual'), await project(folder, 'float32_plain')];
  const catalogue = await loadCatalogue();
  const board = boardById(catalogue, 'virt-m4');
  const image = await buildImage(
    made.map(({ out }) => out),
    board,
    targetOf(catalogue, board),
  );
  t.is(image.arenaBytes, Math.max(...made.map(({ planned }) => planned.plan.arenaBytes)));
  const open = await openBoard(board, image);
  try {
    const session = await Session.start(open.port);
    const found = await session.networks();
    t.deepEqual(
      found.map(({ name }) => name),
      ['int8_residual', 'float32_plain'],
    );
    // In turns, because they share the arena.
    for (const network of [...found, ...found]) {
      const { inputs, outputs } = vectorOf(network.name);
      const ran = await runOnce(session, network, inputs.map(decode));
      for (const [index, { dtype, data }] of outputs.entries())
        t.is(difference(dtype, ran.outputs[index]!.bytes, decode(data)), null, network.name);
    }
  } finally {
    await open.close();
  }
});

const bytes = (count: number, step: number) => Array.from({ length: count }, (_, i) => (i * step) & 255);
const scaled = (scale: number, zero: number) => ({ scales: [scale], zeroPoints: [zero] });

/** Networks whose C is kept as text: one operator; and two that run row by row in turns. */
const written: Readonly<Record<string, NetworkSpec>> = {
  dense: {
    tensors: [
      { name: 'features', shape: [1, 3], ...scaled(0.5, -3) },
      { name: 'weights', shape: [2, 3], ...scaled(0.25, 0), data: bytes(6, 37) },
      { name: 'bias', shape: [2], dtype: 'int32', data: [100, 0, 0, 0, 156, 255, 255, 255] },
      { name: 'scores', shape: [1, 2], ...scaled(2, 5) },
    ],
    ops: [{ builtin: 9, inputs: [0, 1, 2], outputs: [3], options: [int8(1)] }],
    inputs: [0],
    outputs: [3],
  },
  rows: {
    tensors: [
      { name: 'image', shape: [1, 6, 4, 1], ...scaled(0.5, 0) },
      { name: 'filters', shape: [8, 3, 3, 1], ...scaled(0.1, 0), data: bytes(72, 29) },
      { name: 'wide', shape: [1, 6, 4, 8], ...scaled(1, -10) },
      { name: 'narrow', shape: [1, 3, 2, 8], ...scaled(1, -10) },
      { name: 'mix', shape: [2, 1, 1, 8], ...scaled(0.1, 0), data: bytes(16, 53) },
      { name: 'result', shape: [1, 3, 2, 2], ...scaled(1.5, 0) },
    ],
    ops: [
      { builtin: 3, inputs: [0, 1, -1], outputs: [2], options: [int8(0), int32(1), int32(1), int8(0)] },
      {
        builtin: 17,
        inputs: [2],
        outputs: [3],
        options: [int8(1), int32(2), int32(2), int32(2), int32(2), int8(0)],
      },
      { builtin: 3, inputs: [3, 4, -1], outputs: [5], options: [int8(0), int32(1), int32(1), int8(0)] },
    ],
    inputs: [0],
    outputs: [5],
  },
};

for (const [name, spec] of Object.entries(written)) {
  test(`the C of ${name} is what test/golden-c has (REFLOW_UPDATE=1 rewrites it)`, async (t) => {
    const graph = prepareGraph(importNetwork(writeTflite(spec), name));
    const plan = planNetwork(graph, planOptions);
    const hashes = { modelHash: '12'.repeat(32), planHash: '34'.repeat(32) };
    const emitted = new Map<string, string>();
    for (const [path, content] of emitProject(graph, plan, { file: `${name}.tflite`, ...hashes }).files)
      if ('text' in content) emitted.set(path, content.text);
    const folder = join(root, 'test/golden-c', name, 'expected');
    if (process.env.REFLOW_UPDATE === '1') await files.writeFolder(folder, emitted, () => true);
    t.deepEqual(readdirSync(folder).sort(), [...emitted.keys()].sort());
    for (const [path, text] of emitted) t.is(text, readFileSync(join(folder, path), 'utf8'), path);
  });
}
