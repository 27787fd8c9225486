/**
 * The fast kernels against the reference kernels on random operators, each with several inputs: on this machine with the DSP
 * instructions written in C (addresses checked), and on an emulated Cortex-M4 with the instructions themselves. RF_FUZZ_CASES
 * sets how many cases of each.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { tensorBytes } from '../src/ir/tensor.js';
import { defOf } from '../src/ops/index.js';
import type { OpView } from '../src/ops/op-def.js';
import { randomNumbers } from './graph-builder.js';
import { repositoryRoot } from './host-runner.js';
import { caseBytes, fills, harnessSource, type KernelCase } from './kernel-harness.js';
import {
  type Random,
  randomAdd,
  randomBatchMatmul,
  randomBytes,
  randomConv2d,
  randomDepthwise,
  randomFullyConnected,
  randomGlobalPool,
  randomPool,
  randomTransposeConv,
} from './random-operators.js';
import { randomBinary, randomFunction, randomSoftmax } from './random-pointwise.js';

const cases = Number(process.env.RF_FUZZ_CASES ?? 20_000);

/** The case of an operator, or null when the set leaves it to another. */
function kernelCase(view: OpView, set: 'dsp' | 'plain', random: Random): KernelCase | null {
  const def = defOf(view.op);
  const [fastest] = def.fast?.[set]?.(view) ?? [];
  const [reference] = def.calls(view);
  if (!fastest || !reference) return null;
  // Any of the ways to call it, with less working memory too.
  const ways = [fastest, ...(def.leaner?.(view, fastest) ?? [])];
  const fast = ways[Math.floor(random() * ways.length)]!;
  const inputs = new Map(fast.reads.map((id) => [id, bytesOf(view, id, random)]));
  return { view, reference, fast, inputs };
}

function bytesOf(view: OpView, id: number, random: Random): Uint8Array {
  return randomBytes(random, tensorBytes(view.inputs.find((tensor) => tensor?.id === id)!));
}

interface Batch {
  readonly source: string;
  readonly data: Buffer;
  readonly sources: readonly string[];
  readonly cases: number;
  readonly kernels: ReadonlyMap<string, number>;
}

/** `count` cases and a little more: operators that the set takes, each with all its inputs. */
function batch(make: (random: Random) => OpView, set: 'dsp' | 'plain', seed: number, count: number): Batch {
  const random = randomNumbers(seed);
  const examples: KernelCase[] = [];
  const kinds = new Map<string, number>();
  const kernels = new Map<string, number>();
  const parts: Uint8Array[] = [];
  const wanted = Math.ceil(count / fills);
  let [taken, left] = [0, 0];
  while (taken < wanted) {
    const made = kernelCase(make(random), set, random);
    if (!made) {
      left++;
      if (left > wanted) throw new Error(`the set ${set} takes only ${taken} of ${taken + left} operators`);
      continue;
    }
    taken++;
    const { kernel, scratchBytes, reads } = made.fast;
    const sizes = reads.map((id) => made.inputs.get(id)!.length === tensorBytes(made.view.output(0)));
    const kind = `${kernel} ${scratchBytes > 0} ${reads} ${sizes} ${made.reference.kernel} ${made.reference.scratchBytes > 0}`;
    if (!kinds.has(kind)) kinds.set(kind, examples.push(made) - 1);
    const inParts = Number(made.fast.params.first_rows ?? 0) > 0 ? ' in two parts' : '';
    const name = made.fast.kernel + inParts;
    kernels.set(name, (kernels.get(name) ?? 0) + 1);
    parts.push(...caseBytes(kinds.get(kind)!, made));
  }
  const files = new Set(examples.flatMap(({ fast, reference }) => [fast.file, reference.file]));
  return {
    source: harnessSource(examples),
    data: Buffer.concat(parts),
    sources: [...files].map((file) => join(repositoryRoot, 'runtime-c/ops', `${file}.c`)),
    cases: taken * fills,
    kernels,
  };
}

function build(t: ExecutionContext, made: Batch, compiler: string, flags: readonly string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'reflow-kernels-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'cases.bin'), made.data);
  writeFileSync(join(dir, 'main.c'), made.source);
  const args = ['-std=c99', '-Wall', '-Wextra', '-Werror', `-I${repositoryRoot}/runtime-c`, ...flags];
  const gcc = spawnSync(compiler, [...args, 'main.c', ...made.sources, '-lm', '-o', 'program'], {
    cwd: dir,
    encoding: 'utf8',
  });
  t.is(gcc.status, 0, `${gcc.error ?? ''}${gcc.stderr}`);
  return dir;
}

/** Convolutions that may be computed in two parts, which few are. */
function divisibleConv2d(random: Random): OpView {
  for (;;) {
    const view = randomConv2d()(random);
    const def = defOf(view.op);
    const [fastest] = def.fast?.dsp?.(view) ?? [];
    const ways = fastest ? (def.leaner?.(view, fastest) ?? []) : [];
    if (ways.some(({ params }) => Number(params.first_rows) > 0)) return view;
  }
}

const operators: readonly (readonly [
  name: string,
  set: 'dsp' | 'plain',
  make: (random: Random) => OpView,
])[] = [
  ['conv2d', 'dsp', randomConv2d()],
  ['conv2d in two parts', 'dsp', divisibleConv2d],
  ['conv2d in groups', 'dsp', randomConv2d('int8', true)],
  ['conv2d of int16', 'dsp', (random) => randomConv2d('int16', random() < 0.3)(random)],
  ['depthwise_conv2d', 'dsp', randomDepthwise()],
  ['depthwise_conv2d with several filters', 'dsp', randomDepthwise('int8', true)],
  ['depthwise_conv2d of int16', 'dsp', (random) => randomDepthwise('int16', random() < 0.3)(random)],
  ['transpose_conv', 'dsp', (random) => randomTransposeConv(random() < 0.6 ? 'int8' : 'int16')(random)],
  ['batch_matmul', 'dsp', randomBatchMatmul],
  ['fully_connected', 'dsp', randomFullyConnected()],
  ['fully_connected of int16', 'dsp', randomFullyConnected('int16')],
  ['add', 'dsp', randomAdd],
  ['add, sub and mul with broadcast', 'dsp', randomBinary('add', 'sub', 'mul')],
  ['pool2d', 'dsp', randomPool],
  ['global_pool', 'dsp', randomGlobalPool],
  ['functions of one number', 'plain', randomFunction],
  ['softmax', 'plain', randomSoftmax],
];

for (const [name, set, make] of operators) {
  test(`${name}: the kernels of ${set} in C equal the reference kernels`, (t) => {
    const made = batch(make, set, 1, cases);
    const dir = build(t, made, 'gcc', ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover']);
    const run = spawnSync('./program', { cwd: dir, encoding: 'utf8' });
    t.is(run.stdout, `${made.cases} cases equal\n`, run.stderr.slice(0, 2000));
    t.log([...made.kernels].map(([kernel, n]) => `${kernel} ${n}`).join(', '));
  });

  test(`${name}: the kernels of ${set} on an emulated Cortex-M4 equal the reference kernels`, (t) => {
    const made = batch(make, set, 2, Math.ceil(cases / 10));
    const core = ['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16', '-O2'];
    const fixture = join(repositoryRoot, 'test/fixtures/semihosting');
    const image = ['--specs=rdimon.specs', `-T${fixture}/mps2.ld`, `${fixture}/start.c`];
    const dir = build(t, made, 'arm-none-eabi-gcc', [...core, ...image]);
    const quiet = ['-display', 'none', '-monitor', 'none', '-serial', 'none'];
    const host = ['-semihosting-config', 'enable=on,target=native', '-kernel', 'program'];
    const run = spawnSync('qemu-system-arm', ['-M', 'mps2-an386', ...quiet, ...host], {
      cwd: dir,
      encoding: 'utf8',
      timeout: 120_000,
    });
    t.is(run.stdout, `${made.cases} cases equal\n`, `${run.error ?? ''}${run.stderr}`);
  });
}
