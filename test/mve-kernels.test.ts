/**
 * The Helium kernel set against the reference kernels on random operators: on this machine with the instructions written in C
 * (addresses checked), and on an emulated Cortex-M55 with the instructions themselves. RF_FUZZ_CASES sets
 * how many on this machine; a tenth of them are emulated.
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
  randomBytes,
  randomConv2d,
  randomDepthwise,
  randomFullyConnected,
  randomGlobalPool,
  randomPool,
} from './random-operators.js';
import { randomSoftmax } from './random-pointwise.js';

const cases = Number(process.env.RF_FUZZ_CASES ?? 20_000);

/** The case of an operator, or null when the set leaves it to another. */
function kernelCase(view: OpView, random: Random): KernelCase | null {
  const def = defOf(view.op);
  const [fast] = def.fast?.mve?.(view) ?? [];
  const [reference] = def.calls(view);
  if (!fast || !reference) return null;
  const bytesOf = (id: number) =>
    randomBytes(random, tensorBytes(view.inputs.find((tensor) => tensor?.id === id)!));
  return { view, reference, fast, inputs: new Map(fast.reads.map((id) => [id, bytesOf(id)])) };
}

/** `count` cases of operators that the set takes, each with all its inputs; at least half of those drawn must be such. */
function batch(make: (random: Random) => OpView, seed: number, count: number) {
  const random = randomNumbers(seed);
  const examples: KernelCase[] = [];
  const kinds = new Map<string, number>();
  const kernels = new Map<string, number>();
  const parts: Uint8Array[] = [];
  const wanted = Math.ceil(count / fills);
  let [taken, left] = [0, 0];
  while (taken < wanted) {
    const made = kernelCase(make(random), random);
    if (!made) {
      if (++left > wanted) throw new Error(`the set takes only ${taken} of ${taken + left} operators`);
      continue;
    }
    taken++;
    const { kernel, scratchBytes, reads } = made.fast;
    const name = `${kernel} ${scratchBytes > 0} ${reads} ${made.reference.kernel}`;
    if (!kinds.has(name)) kinds.set(name, examples.push(made) - 1);
    kernels.set(kernel, (kernels.get(kernel) ?? 0) + 1);
    parts.push(...caseBytes(kinds.get(name)!, made));
  }
  const files = new Set(examples.flatMap(({ fast, reference }) => [fast.file, reference.file]));
  return {
    source: harnessSource(examples),
    data: Buffer.concat(parts),
    sources: [...files].map((file) => join(repositoryRoot, 'runtime-c/ops', `${file}.c`)),
    kernels: [...kernels].map(([kernel, n]) => `${kernel} ${n}`).join(', '),
  };
}

type Batch = ReturnType<typeof batch>;

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

/** The program says how many cases it found equal; it stops at the first that is not. */
function checkOutput(t: ExecutionContext, output: string, why: string, made: Batch, least: number): void {
  const found = Number(/^(\d+) cases equal\n$/.exec(output)?.[1] ?? 0);
  t.log(found > 0 ? `${found} cases: ${made.kernels}` : `${output}${why}`);
  t.true(found >= least);
}

const operators = {
  conv2d: randomConv2d(),
  depthwise_conv2d: randomDepthwise(),
  fully_connected: randomFullyConnected(),
  add: randomAdd,
  // Blocks of 64 and vectors of 32, 16 and eight channels, whole and not.
  pool2d: (random: Random) => randomPool(random, [1, 4, 5, 8, 16, 35, 71]),
  global_pool: (random: Random) => randomGlobalPool(random, 75),
  softmax: randomSoftmax,
};

for (const [name, make] of Object.entries(operators)) {
  test(`${name}: Helium kernels in C equal the reference kernels`, (t) => {
    const made = batch(make, 1, cases);
    const dir = build(t, made, 'gcc', ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover']);
    const run = spawnSync('./program', { cwd: dir, encoding: 'utf8' });
    checkOutput(t, run.stdout, run.stderr.slice(0, 2000), made, cases);
  });

  test(`${name}: Helium kernels on an emulated Cortex-M55 equal the reference kernels`, (t) => {
    const least = Math.ceil(cases / 10);
    const made = batch(make, 2, least);
    const core = ['-mcpu=cortex-m55', '-mthumb', '-mfloat-abi=hard', '-O2'];
    const fixture = join(repositoryRoot, 'test/fixtures/semihosting');
    const image = ['--specs=rdimon.specs', `-T${fixture}/mps3.ld`, `${fixture}/start.c`, `${fixture}/heap.c`];
    const dir = build(t, made, 'arm-none-eabi-gcc', [...core, ...image]);
    const quiet = ['-display', 'none', '-monitor', 'none', '-serial', 'none'];
    const host = ['-semihosting-config', 'enable=on,target=native', '-kernel', 'program'];
    const run = spawnSync('qemu-system-arm', ['-M', 'mps3-an547', ...quiet, ...host], {
      cwd: dir,
      encoding: 'utf8',
      timeout: 300_000,
    });
    checkOutput(t, run.stdout, `${run.error ?? ''}${run.stderr}`, made, least);
  });
}
