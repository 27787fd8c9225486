import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../base/error.js';
import { configName, parseConfig, readConfig } from './config.js';

test('settings are read, and a missing file is no settings', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-config-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  t.deepEqual(await readConfig(folder), {});
  writeFileSync(join(folder, configName), '{"board": "virt-m7", "runs": 3}');
  t.deepEqual(await readConfig(folder), { board: 'virt-m7', runs: 3 });
  rmSync(join(folder, configName));
  mkdirSync(join(folder, configName));
  const error = await t.throwsAsync(readConfig(folder), { instanceOf: ReflowError });
  t.is(error?.code, 'E_CONFIG');
});

test('mistakes are named', (t) => {
  const line = (text: string) => (t.throws(() => parseConfig(text)) as ReflowError).line;
  t.regex(line('{'), /^E_CONFIG: reflow\.config\.json: is not JSON/);
  t.regex(line('{"bord": "x"}'), /bord.*settings are board, port, store/);
  t.regex(line('{"runs": 0}'), /runs: /);
  t.regex(line('{"objective": "fast"}'), /objective: /);
});

test('any text is settings or E_CONFIG', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        parseConfig(text);
      } catch (error) {
        t.true(error instanceof ReflowError && error.code === 'E_CONFIG' && !error.line.includes('\n'));
      }
    }),
  );
});
