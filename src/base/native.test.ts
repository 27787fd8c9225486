import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { loadNativePlanner, nativePlannerPath } from './native.js';

test('a missing, a damaged and a foreign module all give null', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-native-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  t.is(loadNativePlanner(join(folder, 'none.node')), null);
  const damaged = join(folder, 'damaged.node');
  writeFileSync(damaged, 'not a shared object');
  t.is(loadNativePlanner(damaged), null);
  const foreign = join(folder, 'foreign.cjs');
  writeFileSync(foreign, 'module.exports = { solveOffsets() {} };');
  t.is(loadNativePlanner(foreign), null);
});

test('the module of this platform is looked for in dist/native', (t) => {
  const name = `planner-${process.platform}-${process.arch}.node`;
  t.true(nativePlannerPath().endsWith(join('dist', 'native', name)));
});
