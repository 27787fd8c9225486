/** `runtime-c` builds and tests alone; here its `make test` runs as everyone would call it. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { assetPath } from '../src/base/assets.js';
import { processes } from '../src/base/processes.js';

test('make -C runtime-c all test', async (t) => {
  const out = mkdtempSync(join(tmpdir(), 'reflow-runtime-c-'));
  const result = await processes.exec({
    program: 'make',
    args: ['-s', '-j2', '-C', assetPath('runtime-c'), `OUT=${out}`, 'all', 'test'],
    timeoutMs: 240_000,
    install: 'install it: sudo apt-get install make gcc',
  });
  t.is(result.status, 0, result.stderr);
  t.regex(result.stdout, /wire_test_sanitized/);
});
