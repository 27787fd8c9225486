import test from 'ava';
import { ReflowError } from '../base/error.js';
import { type ExecResult, FakeProcesses } from '../base/processes.js';
import { doctor } from './doctor.js';

/** Answers as a machine where everything is installed, but for the programs in `missing`. */
function machine(missing: readonly string[] = [], special: Record<string, Partial<ExecResult>> = {}) {
  return new FakeProcesses(({ program, args, install }) => {
    if (missing.includes(program))
      return new ReflowError('E_TOOL_MISSING', `${program} is not installed`, install);
    if (args[0] === '-print-file-name=nano.specs')
      return special.newlib ?? { stdout: '/usr/lib/a/../nano.specs\n' };
    if (args[0]?.startsWith('-print-file-name')) return { stdout: '/usr/lib/libc.a\n' };
    if (program === 'stm32flash') return { status: 1, stderr: 'Usage: stm32flash [-bvngfhc]' };
    return special[program] ?? { stdout: `${program} (Debian 15:12.2.rel1-1) 12.2.1 20221205\nmore\n` };
  });
}

test('a complete machine is ready', async (t) => {
  const processes = machine();
  const { ok, checks } = await doctor({ processes, nodeVersion: 'v20.19.0', isRoot: true });
  t.true(ok);
  t.true(checks.every((check) => check.ok && check.fix === '' && check.found !== ''));
  t.is(checks.find((check) => check.name === 'arm-none-eabi-gcc')!.found, '12.2.1');
  t.is(checks.find((check) => check.name === 'newlib for Arm')!.found, '/usr/lib/nano.specs');
});

test('a missing compiler is not ok, with the exact command for a person with or without sudo', async (t) => {
  const environment = { processes: machine(['arm-none-eabi-gcc']), nodeVersion: 'v22.0.0' };
  const { ok, checks } = await doctor({ ...environment, isRoot: false });
  t.false(ok);
  t.deepEqual(
    checks.filter((check) => !check.ok).map((check) => check.name),
    ['arm-none-eabi-gcc', 'newlib for Arm'],
  );
  const command = 'apt-get install -y --no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi';
  t.is(checks.find((check) => check.name === 'arm-none-eabi-gcc')!.fix, `sudo ${command}`);
  const asRoot = await doctor({ ...environment, isRoot: true });
  t.is(asRoot.checks.find((check) => check.name === 'arm-none-eabi-gcc')!.fix, command);
});

test('a compiler without its C library is seen', async (t) => {
  const processes = machine([], { newlib: { stdout: 'nano.specs\n' } });
  const { ok, checks } = await doctor({ processes, nodeVersion: 'v20.19.0', isRoot: true });
  t.false(ok);
  t.regex(checks.find((check) => check.name === 'newlib for Arm')!.fix, / libnewlib-arm-none-eabi$/);
});

test('optional tools do not make a machine unfit, a program that hangs counts as missing', async (t) => {
  const processes = machine(['cargo', 'stm32flash', 'qemu-aarch64', 'aarch64-linux-gnu-gcc']);
  const { ok, checks } = await doctor({ processes, nodeVersion: 'v20.19.0', isRoot: true });
  t.true(ok);
  t.is(checks.filter((check) => !check.ok).length, 5);
  const hanging = new FakeProcesses(() => new ReflowError('E_TIMEOUT', 'stopped', 'look'));
  t.false((await doctor({ processes: hanging, nodeVersion: 'v20.19.0', isRoot: true })).ok);
});

test('Node before 20.19 is too old', async (t) => {
  for (const [nodeVersion, ok] of [
    ['v18.20.0', false],
    ['v20.18.9', false],
    ['v20.19.0', true],
    ['v24.0.0', true],
  ] as const) {
    t.is((await doctor({ processes: machine(), nodeVersion, isRoot: true })).ok, ok, nodeVersion);
  }
});
