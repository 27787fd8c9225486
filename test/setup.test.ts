import { type ExecFileException, execFile, execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { root } from './repository.js';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the set-up with nothing on the path but an apt-get that notes how it was called and installs nothing. */
function setup(profile: string, uid?: number): Promise<Outcome & { readonly calls: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-setup-'));
  chmodSync(folder, 0o755);
  const log = join(folder, 'calls');
  const script = (name: string, body: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  // A copy, because the user without rights may not be allowed to read where the repository lies.
  for (const path of ['package.json', 'tools/setup.mjs', 'tools/setup'])
    cpSync(join(root, path), join(folder, path), { recursive: true });
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  script('apt-get', `echo "$@" >> ${log}`);
  script('env', 'shift; exec "$@"');
  return new Promise((resolve) => {
    const options = { env: { PATH: folder, CI: 'true' }, ...(uid === undefined ? {} : { uid }) };
    const done = (error: ExecFileException | null, stdout: string, stderr: string) => {
      let calls = '';
      try {
        calls = readFileSync(log, 'utf8');
      } catch {}
      rmSync(folder, { recursive: true });
      resolve({
        status: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
        stdout,
        stderr,
        calls,
      });
    };
    execFile(process.execPath, [join(folder, 'tools', 'setup.mjs'), profile], options, done);
  });
}

const isRoot = process.getuid?.() === 0;

test('without the rights to install, the set-up prints the command for a person and stops with status 1', async (t) => {
  const { status, stderr, calls } = await setup('demo', isRoot ? 65534 : undefined);
  t.is(status, 1);
  t.is(calls, '');
  const command = /^ {2}sudo apt-get update && sudo apt-get install -y --no-install-recommends (.*)$/m.exec(
    stderr,
  );
  t.truthy(command, stderr);
  const names = command![1]!.split(' ');
  for (const name of ['gcc-arm-none-eabi', 'qemu-system-arm', 'gcc', 'make'])
    t.true(names.includes(name), name);
  t.false(names.includes('chromium'));
});

(isRoot ? test : test.skip)(
  'as root, apt-get is called without questions, and what is still missing is said',
  async (t) => {
    const { status, stderr, stdout, calls } = await setup('test');
    t.is(status, 1);
    const [update, install] = calls.trim().split('\n');
    t.regex(update!, /update -q$/);
    t.regex(
      install!,
      /install -q -y --no-install-recommends gcc .*gcc-arm-none-eabi .*stm32flash.* chromium$/,
    );
    t.regex(stdout, /apt-get install/);
    t.regex(stderr, /still missing after the installation: gcc /);
  },
);

test('an unknown profile is wrong usage', async (t) => {
  t.is((await setup('everything')).status, 2);
});
