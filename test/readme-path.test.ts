/** The README's way without a board, taken word by word: the commands come from its text. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { root } from './repository.js';

const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const missing = ['socat', 'qemu-system-arm', 'arm-none-eabi-gcc'].filter((tool) => !has(tool));
if (missing.length > 0) console.warn(`README path: skipped without ${missing.join(', ')}`);
const whole = missing.length === 0 ? test.serial : test.serial.skip;

/** The commands below the heading. */
function commands(): string[] {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const block = /## Without a board\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(text);
  return block![1]!.trim().split('\n');
}

whole('doctor, flash, deploy, profile and campaign on virtual boards, as README says', async (t) => {
  t.timeout(900_000);
  const folder = mkdtempSync(join(tmpdir(), 'reflow-readme-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(root, 'networks'), join(folder, 'networks'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'reflow'),
    `#!/bin/sh\nexec ${process.execPath} ${join(root, 'dist/src/cli/main.js')} "$@"\n`,
  );
  chmodSync(join(bin, 'reflow'), 0o755);
  const lines = commands();
  t.true(lines.length > 8);
  const script = lines.flatMap((line) => {
    const wait = 'n=0; until [ -e .reflow/virtual-stm32 ] || [ $n = 300 ]; do sleep 0.1; n=$((n+1)); done';
    return line.endsWith('&')
      ? [line.replace(' &', ' >virtual.log 2>&1 &'), wait]
      : [`echo "$ ${line}"`, line];
  });
  const shell = spawn('bash', ['-c', ['set -em', ...script, 'wait || true'].join('\n')], {
    cwd: folder,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  const status = await new Promise((resolve) => shell.on('close', resolve));
  t.is(status, 0, said);
  t.regex(said, /finding +ready/);
  t.regex(said, /netduino-plus2 flashed by rom/);
  t.regex(said, /verified +yes/);
  t.regex(said, /equal, bit for bit/);
  t.regex(said, /by MLPerf Tiny's rules/);
  t.regex(said, /campaign virtual: 4 of 4 trials ended/);
  t.is([...said.matchAll(/digits\.tflite +(host|virt-m4|virt-m7|netduino-plus2) +done/g)].length, 4, said);
});
