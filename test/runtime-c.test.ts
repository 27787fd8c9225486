/** `runtime-c` builds and tests alone; here its `make test` runs as everyone would call it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { assetPath } from '../src/base/assets.js';
import { processes } from '../src/base/processes.js';

/** A folder that goes with this process. */
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-runtime-c-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('make -C runtime-c all test', async (t) => {
  const out = temporary();
  const result = await processes.exec({
    program: 'make',
    args: ['-s', '-j2', '-C', assetPath('runtime-c'), `OUT=${out}`, 'all', 'test'],
    timeoutMs: 240_000,
    install: 'install it: sudo apt-get install make gcc',
  });
  t.is(result.status, 0, result.stderr);
  t.regex(result.stdout, /wire_test_sanitized/);
});
