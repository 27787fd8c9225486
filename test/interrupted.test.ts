/** What a signal or an impossible path leaves behind: nothing, and no hang. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { reflow } from './reflow-process.js';
import { root } from './repository.js';

const network = join(root, 'networks', 'digits.tflite');

test.serial('folders below /proc cannot be made: an error, no hang', async (t) => {
  t.timeout(60_000);
  if (!existsSync('/proc/self')) return t.pass('no /proc here');
  const cases: [string[], RegExp][] = [
    [['compile', network, '--board', 'host', '--out', '/proc/nothing/deep/c'], /^E_FILE: /m],
    [['report', '--store', '/proc/nothing/deep/store.db'], /^E_STORE: /m],
    [
      ['flash', 'x.bin', '--board', 'nucleo-f446re', '--port', '/dev/null', '--store', '/proc/nothing/s.db'],
      /^E_/m,
    ],
  ];
  for (const [argv, pattern] of cases) {
    const { status, err } = await reflow(argv);
    t.is(status, 1, err);
    t.regex(err, pattern);
  }
});

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test.serial(`${signal} leaves no temporary folder`, async (t) => {
    t.timeout(120_000);
    const temporary = mkdtempSync(join(tmpdir(), 'reflow-signal-'));
    t.teardown(() => rmSync(temporary, { recursive: true, force: true }));
    const main = join(root, 'dist/src/cli/main.js');
    const child = spawn(process.execPath, [main, 'verify', network, '--board', 'host'], {
      cwd: temporary,
      env: { ...process.env, TMPDIR: temporary },
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const ours = () => readdirSync(temporary).filter((name) => name.startsWith('reflow-'));
    for (let waits = 0; ours().length === 0; waits++) {
      if (waits === 600) throw new Error('it made no temporary folder');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill(signal);
    t.is(await ended, status);
    // A compiler that still ran may finish; what was ours is gone.
    t.deepEqual(ours(), []);
  });
}
