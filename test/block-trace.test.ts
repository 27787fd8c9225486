/** The emulator's plug-in that traces code, under an emulator that the C test plays. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { assetPath } from '../src/base/assets.js';

test('windows, edges, caches and calls of hooks are what the code did', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-block-trace-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'block_trace_test');
  const built = spawnSync('cc', [
    ...['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-O1'],
    ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
    ...[assetPath('firmware', 'test', 'block_trace_test.c'), '-o', program],
  ]);
  t.is(built.status, 0, built.stderr.toString());
  // What was translated lives as long as the emulator.
  const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };
  const ran = spawnSync(program, [join(folder, 'trace')], { timeout: 60_000, env });
  t.is(ran.status, 0, ran.stderr.toString());
});
