/**
 * The DSP kernel set against the reference kernels on random operators: on this machine with the instructions written in C
 * (addresses checked), and on an emulated Cortex-M4 with the instructions themselves. RF_FUZZ_CASES sets how many of each.
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
import { caseBytes, harnessSource, type KernelCase } from './kernel-harness.js';
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

const cases = Number(process.env.RF_FUZZ_CASES ?? 1500);

/** The case of an operator, or null when the set leaves it to the reference kernel. */
function kernelCase(view: OpView, random: Random): KernelCase | null {
  const def = defOf(view.op);
  const [fast] = def.fast?.dsp?.(view) ?? [];
  const [reference] = def.calls(view);
  if (!fast || !reference) return null;
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
  readonly taken: number;
  readonly kernels: ReadonlyMap<string, number>;
}

function batch(make: (random: Random) => OpView, seed: number, count: number): Batch {
  const random = randomNumbers(seed);
  const examples: KernelCase[] = [];
  const kinds = new Map<string, number>();
  const kernels = new Map<string, number>();
  const parts: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const made = kernelCase(make(random), random);
    if (!made) continue;
    const { kernel, scratchBytes, reads } = made.fast;
    const name = `${kernel} ${scratchBytes > 0} ${reads} ${made.reference.kernel}`;
    if (!kinds.has(name)) kinds.set(name, examples.push(made) - 1);
    kernels.set(made.fast.kernel, (kernels.get(made.fast.kernel) ?? 0) + 1);
    parts.push(...caseBytes(kinds.get(name)!, made));
  }
  const files = new Set(examples.flatMap(({ fast, reference }) => [fast.file, reference.file]));
  return {
    source: harnessSource(examples),
    data: Buffer.concat(parts),
    sources: [...files].map((file) => join(repositoryRoot, 'runtime-c/ops', `${file}.c`)),
    taken: [...kernels.values()].reduce((sum, n) => sum + n, 0),
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

const operators = {
  conv2d: randomConv2d,
  depthwise_conv2d: randomDepthwise,
  fully_connected: randomFullyConnected,
  add: randomAdd,
  pool2d: randomPool,
  global_pool: randomGlobalPool,
};

for (const [name, make] of Object.entries(operators)) {
  test(`${name}: DSP kernels in C equal the reference kernels`, (t) => {
    const made = batch(make, 1, cases);
    t.true(made.taken > cases / 2, `${made.taken} of ${cases}`);
    const dir = build(t, made, 'gcc', ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover']);
    const run = spawnSync('./program', { cwd: dir, encoding: 'utf8' });
    t.is(run.stdout, `${made.taken} cases equal\n`, run.stderr.slice(0, 2000));
    t.log([...made.kernels].map(([kernel, n]) => `${kernel} ${n}`).join(', '));
  });

  test(`${name}: DSP kernels on an emulated Cortex-M4 equal the reference kernels`, (t) => {
    const made = batch(make, 2, Math.ceil(cases / 3));
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
    t.is(run.stdout, `${made.taken} cases equal\n`, `${run.error ?? ''}${run.stderr}`);
  });
}
