/** The device side in C (runtime-c/rf_mlperf.c): its own tests under sanitizers, and our client against it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { Port } from '../../base/port.js';
import { MlperfClient } from './mlperf-client.js';

const runtime = fileURLToPath(new URL('../../../../runtime-c/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rf-mlperf-'));
const binary = join(folder, 'rf_mlperf_test');
const warnings = ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror'];
const found = (compiler: string) => spawnSync(compiler, ['--version']).status === 0;

test.before(() => {
  const sources = [join(runtime, 'rf_mlperf.c'), join(runtime, 'test/rf_mlperf_test.c')];
  execFileSync('gcc', [
    ...warnings,
    '-O1',
    '-g',
    '-fsanitize=address,undefined',
    '-fno-sanitize-recover=all',
    '-o',
    binary,
    ...sources,
  ]);
});
test.after.always(() => rmSync(folder, { recursive: true }));

/** A process behind the Port seam. */
function processPort(child: ChildProcess): Port {
  return {
    path: 'rf_mlperf_test',
    write: (bytes) =>
      new Promise((resolve, reject) =>
        child.stdin!.write(bytes, (error) => (error ? reject(error) : resolve())),
      ),
    onData: (listener) => {
      child.stdout!.on('data', listener);
      return () => child.stdout!.off('data', listener);
    },
    onLost: (listener) => {
      const ended = () => listener(new Error('the process ended'));
      child.on('exit', ended);
      return () => child.off('exit', ended);
    },
    setLines: async () => false,
    setLine: async () => {},
    close: async () => void child.stdin!.end(),
  };
}

async function withDevice(mode: string, story: (client: MlperfClient) => Promise<void>): Promise<void> {
  const child = spawn(binary, [mode], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = processPort(child);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const client = new MlperfClient(port);
  try {
    await story(client);
  } finally {
    client.close();
    await port.close();
    await ended;
  }
}

test('its own checks and two million random bytes, under address and undefined-behaviour sanitizers', (t) => {
  t.regex(execFileSync(binary, { encoding: 'utf8' }), /rf_mlperf: 0 failures/);
});

for (const compiler of ['arm-none-eabi-gcc', 'aarch64-linux-gnu-gcc']) {
  (found(compiler) ? test : test.skip)(
    `it compiles without a warning with ${compiler}, and holds no data of its own`,
    (t) => {
      const object = join(folder, `${compiler}.o`);
      execFileSync(compiler, [...warnings, '-Os', '-c', join(runtime, 'rf_mlperf.c'), '-o', object]);
      const symbols = execFileSync(compiler.replace('gcc', 'nm'), [object], { encoding: 'utf8' });
      t.notRegex(symbols, / [bBdDC] | U (malloc|printf)/);
    },
  );
}

test('our client against it: load with read-back, inference, results', async (t) => {
  const input = Uint8Array.from({ length: 100 }, (_, i) => 255 - i);
  await withDevice('serve', async (client) => {
    t.is(await client.name(), 'reflow');
    t.is((await client.profile()).model, 'test01');
    await client.load(input);
    const window = await client.infer(7, 2, 5000);
    t.deepEqual(window, {
      inferences: 7,
      warmups: 2,
      elapsedUs: 10_500,
      results: [input.reduce((sum, byte) => sum + byte, 0)],
    });
    t.is(await client.timestamp(), 13_500);
    await t.throwsAsync(client.load(new Uint8Array(101)), { code: 'E_DEVICE' });
    await client.load(input.subarray(0, 99));
    await t.throwsAsync(client.infer(1, 0, 5000), { code: 'E_DEVICE', message: /99 bytes does not fit/ });
  });
});

test('energy mode: no laps, pulses instead', async (t) => {
  await withDevice('serve-energy', async (client) => {
    await client.load(new Uint8Array(100));
    t.is((await client.infer(3, 0, 5000)).elapsedUs, null);
    t.is(await client.timestamp(), null);
  });
});
