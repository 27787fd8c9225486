import test from 'ava';
import { call } from '../../../test/call-command.js';
import { sampleFlash, samplePlan, sampleProfile, sampleRun, sampleVerify } from '../../../test/sample-run.js';
import type {
  BuildResult,
  CompileResult,
  DeployResult,
  DoctorResult,
  InspectResult,
  RunResult,
} from '../../flow/results.js';
import type { ReportRequest } from '../../report/write-report.js';
import { boardsCommand } from './boards.js';
import { buildCommand } from './build.js';
import { compileCommand } from './compile.js';
import { deployCommand } from './deploy.js';
import { doctorCommand } from './doctor.js';
import { commands } from './index.js';
import { inspectCommand } from './inspect.js';
import { profileCommand } from './profile.js';
import { reportCommand } from './report.js';
import { runCommand } from './run.js';
import { verifyCommand } from './verify.js';

const input = {
  name: 'input_1',
  dtype: 'int8',
  shape: [1, 49, 10, 1],
  scale: 0.5847,
  zeroPoint: 83,
} as const;
const output = {
  name: 'Identity',
  dtype: 'int8',
  shape: [1, 3],
  scale: 0.00390625,
  zeroPoint: -128,
} as const;

const inspected: InspectResult = {
  network: 'kws',
  modelHash: 'a',
  format: 'tflite',
  ops: [
    { index: 0, kind: 'conv2d', label: 'CONV_2D', outputShape: [1, 25, 5, 64], macs: 320_000, params: 2_624 },
  ],
  macs: 320_000,
  params: 2_624,
  weightBytes: 2_816,
  inputs: [input],
  outputs: [output],
  unsupported: [],
};

const ran: RunResult = {
  network: 'kws',
  board: 'virt-m4',
  source: 'emulated',
  outputs: [{ ...output, values: [-128, 127, 5] }],
  arenaBytes: 17_280,
  inputs: ["raw bytes: the tensor's stored values"],
  layers: null,
  instructions: 7_696_906,
};

const compiled: CompileResult = {
  network: 'kws',
  board: 'virt-m4',
  folder: 'out',
  files: ['kws.h', 'Makefile', 'kws.c'],
  arenaBytes: 17_280,
  weightBytes: 24_000,
};

const built: BuildResult = {
  board: 'virt-m4',
  elf: 'out/kws.elf',
  bin: 'out/kws.bin',
  hex: null,
  imageHash: 'c',
  flashBytes: 71_204,
  textBytes: 20_000,
  rodataBytes: 4_000,
  weightBytes: 24_000,
  ramBytes: 26_112,
  arenaBytes: 17_280,
  memories: [],
  parts: [],
};

test('inspect prints every operator, tensor and refusal; refusals are status 3', async (t) => {
  const fine = await call(inspectCommand, inspected, 'inspect', 'kws.tflite');
  t.deepEqual([fine.status, fine.err, fine.request], [0, '', { network: 'kws.tflite' }]);
  t.regex(fine.out, /0 {2}CONV_2D {3}1x25x5x64 {2}320,000 {7}2,624/);
  t.regex(fine.out, /input {3}input_1 {2}1x49x10x1 int8, real = 0\.5847 \* \(q - 83\)/);
  const unsupported = [
    { index: 3, op: 'LSTM', reason: 'no kernel', hint: 'unroll it' },
    { index: 7, op: 'CUSTOM foo', reason: 'custom', hint: 'replace it' },
  ];
  const bad = await call(inspectCommand, { ...inspected, unsupported }, 'inspect', 'x', '--json');
  t.is(bad.status, 3);
  t.regex(bad.err, /^E_UNSUPPORTED: kws has .* 3 LSTM: no kernel; 7 CUSTOM foo: custom\. Next: unroll it\n$/);
  t.like(JSON.parse(bad.out), { unsupported, macs: 320_000, error: { code: 'E_UNSUPPORTED' } });
});

test('compile and build print what was made', async (t) => {
  const argv = ['compile', 'kws.tflite', '--board', 'virt-m4', '--out', 'out', '--objective', 'ram'];
  const c = await call(compileCommand, compiled, ...argv);
  t.like(c.request, { out: 'out', objective: 'ram', board: 'virt-m4' });
  t.regex(c.out, /out\/\n {2}Makefile\n {2}kws\.c\n {2}kws\.h\n$/);
  const b = await call(buildCommand, built, 'build', 'out');
  t.deepEqual(b.request, { folder: 'out' });
  t.regex(b.out, /flash {3}all {8}71,204/);
  t.false(b.out.includes('hex'));
});

test('run prints the largest values first, real and stored', async (t) => {
  const argv = ['run', 'kws', '--board', 'b', '--input', 'a.npy', 'b.npy', '--layers', 'dir'];
  const { request, out } = await call(runCommand, ran, ...argv);
  const plan = { objective: 'balanced', input: 'resident', seconds: 1.5, kernels: [] };
  t.deepEqual(request, {
    network: 'kws',
    board: 'b',
    port: null,
    plan,
    inputs: ['a.npy', 'b.npy'],
    layers: 'dir',
  });
  t.regex(out, /instructions {2}7,696,906 \(emulated\)/);
  t.regex(out, /1 {5}127 {2}0\.9961\n {4}2 {7}5 {2}0\.5195\n {4}0 {4}-128 {2}0\.0000/);
  t.is((await call(runCommand, ran, 'run', 'kws', '--board', 'b')).status, 2);
});

test('verify says equal, or names the first layer that differs and ends with status 1', async (t) => {
  const fine = await call(verifyCommand, sampleVerify, 'verify', 'kws', '--board', 'b');
  t.is(fine.status, 0);
  t.regex(fine.out, /against the host reference: equal, bit for bit \(13 layers\)/);
  const firstDivergent = {
    index: 3,
    kind: 'depthwise_conv2d',
    label: 'DEPTHWISE_CONV_2D',
    tensor: 25,
    name: 'block_1',
    differing: 17,
    elements: 8000,
    maxAbsDiff: 4,
  };
  const bad = await call(
    verifyCommand,
    { ...sampleVerify, equal: false, firstDivergent },
    'verify',
    'k',
    '--board',
    'b',
  );
  t.is(bad.status, 1);
  t.regex(
    bad.err,
    /^E_MISMATCH: .* operator 3 DEPTHWISE_CONV_2D \(tensor 25 block_1\): 17 of 8000 elements, by up to 4/,
  );
});

const noMlperf = async () => {
  throw new Error('not asked for');
};
const profileOnly = (story: Parameters<typeof profileCommand>[0]) => profileCommand(story, noMlperf);

test('profile prints cost, share and cost per MAC of every operator, in the unit of the board', async (t) => {
  const { request, out } = await call(
    profileOnly,
    sampleProfile,
    'profile',
    'kws',
    '--board',
    'b',
    '--runs',
    '3',
  );
  t.like(request, { runs: 3, store: '.reflow/store.db', energy: null, port: null });
  t.regex(out, /8,346,891 instructions \(emulated\)/);
  t.regex(out, /1 {2}DEPTHWISE_CONV_2D {2}1x25x5x64 {3}72,000 {7}568,800 {3}6\.8 % {5}7\.90/);
  t.regex(out, /17,280 bytes touched of 17,280 planned/);
  t.is((await call(profileOnly, sampleProfile, 'profile', 'k', '--board', 'b', '--runs', '0.5')).status, 2);
});

test('deploy prints all of it, and its status is that of the plan or the comparison', async (t) => {
  const deployed: DeployResult = {
    network: 'kws',
    board: 'virt-m4',
    inspect: inspected,
    plan: samplePlan,
    compile: compiled,
    build: built,
    flash: sampleFlash,
    run: ran,
    verify: sampleVerify,
    profile: sampleProfile,
    stages: [
      { name: 'compile', seconds: 0.5 },
      { name: 'build', seconds: 1.25 },
    ],
  };
  const asked: ReportRequest[] = [];
  const make = (story: Parameters<typeof deployCommand>[0]) =>
    deployCommand(story, async (request) => {
      asked.push(request);
      return { report: '.reflow/report.html', runs: [] };
    });
  const fine = await call(make, deployed, 'deploy', 'kws', '--board', 'virt-m4', '--input', 'a.wav');
  t.is(fine.status, 0);
  t.like(fine.request, { inputs: ['a.wav'], port: null });
  for (const pattern of [
    /bit for bit/,
    /compile 0\.50, build 1\.25/,
    /71,204 bytes in 3\.50 s/,
    /report\.html/,
  ]) {
    t.regex(fine.out, pattern);
  }
  t.deepEqual(asked, [{ store: '.reflow/store.db', run: sampleProfile.runId, out: null, list: false }]);
  const differs = { ...deployed, verify: { ...sampleVerify, equal: false } };
  t.is((await call(make, differs, 'deploy', 'k', '--board', 'b')).status, 1);
});

test('doctor, boards and report', async (t) => {
  const check = {
    name: 'gcc',
    ok: false,
    found: '',
    fix: 'apt-get install gcc',
    optional: false,
    purpose: 'board host',
  };
  const ill = await call(doctorCommand, { ok: false, checks: [check], port: null }, 'doctor');
  t.is(ill.status, 1);
  t.regex(ill.out, /MISSING {2}gcc {3}-.*\n\n.*\ngcc {6}apt-get install gcc/);
  t.regex(ill.err, /^E_TOOL_MISSING: gcc not found\. Next: apt-get install gcc/);
  const well: DoctorResult = { ok: true, checks: [{ ...check, optional: true }], port: null };
  t.is((await call(doctorCommand, well, 'doctor')).status, 0);
  const port = {
    path: '/dev/x',
    board: 'nucleo-f446re',
    finding: 'no-rights',
    ok: false,
    found: 'no rights to open serial port /dev/x',
    fix: 'install the rule',
    wiring: 'crossed over',
    udevRule: 'SUBSYSTEM==tty',
  };
  const looked = await call(
    doctorCommand,
    { ...well, ok: false, port },
    'doctor',
    '--port',
    '/dev/x',
    '--board',
    'nucleo-f446re',
  );
  t.deepEqual([looked.status, looked.request], [1, { port: '/dev/x', board: 'nucleo-f446re' }]);
  t.regex(looked.err, /^E_PORT: no rights to open serial port \/dev\/x\. Next: install the rule/);
  for (const pattern of [/no-rights: no rights/, /wiring {3}crossed over/, /60-reflow\.rules:\nSUBSYSTEM/])
    t.regex(looked.out, pattern);
  t.is((await call(boardsCommand, { boards: [] }, 'boards', 'x')).request, 'x');
  const list = await call(reportCommand, { report: null, runs: [sampleRun] }, 'report', '--list');
  t.regex(list.out, /20251125T085401Z-0123abcd {2}2025-11-25T08:54:01\.123Z {2}kws {6}virt-m4 {2}0\.1\.0/);
  t.deepEqual(list.request, { store: '.reflow/store.db', run: null, out: null, list: true });
});

test('every command has a describing line and a name of its own', (t) => {
  const names = commands.map((command) => command.command.split(' ')[0]);
  t.is(new Set(names).size, names.length);
  t.true(commands.every((command) => command.describe.length > 10));
});
