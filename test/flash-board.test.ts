/**
 * A user's way with a board, on a virtual STM32F405 behind a pseudo-terminal: the program flashes a real network through the ROM
 * bootloader, the board boots the very bytes that were written (QEMU), and everything else goes over the same port: verify,
 * run, doctor, and a second flash through the resident loader that was flashed along.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openVirtualStm32 } from '../src/flash/virtual-stm32.js';
import { reflow } from './reflow-process.js';
import { root } from './repository.js';

const network = join(root, '..', 'shared', 'models', 'kws.tflite');
const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const missing = ['socat', 'qemu-system-arm', 'arm-none-eabi-gcc'].filter((tool) => !has(tool));
if (!existsSync(network)) missing.push('../shared/models/kws.tflite');
if (missing.length > 0) console.warn(`flash-board: skipped without ${missing.join(', ')}`);
const whole = missing.length === 0 ? test.serial : test.serial.skip;

const board = 'netduino-plus2';
const folder = mkdtempSync(join(tmpdir(), 'reflow-flash-board-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

async function json(...argv: string[]): Promise<Record<string, unknown>> {
  const { status, out, err } = await reflow([...argv, '--json'], { cwd: folder });
  if (status !== 0) throw new Error(`${argv[0]}: ${err}`);
  return JSON.parse(out) as Record<string, unknown>;
}

whole('a network onto the virtual board, and again', async (t) => {
  t.timeout(400_000);
  const project = join(folder, 'kws');
  await json('compile', network, '--board', board, '--out', project);
  await json('build', project);
  const device = await openVirtualStm32({ usart: 6 });
  t.teardown(() => device.close());
  const at = ['--port', device.path, '--board', board];

  const ready = await json('doctor', ...at);
  t.like(ready.port, { finding: 'ready', ok: true, board });
  t.regex((ready.port as { wiring: string }).wiring, /D1 \(PC6\)/);

  const first = await json('flash', project, ...at, '--via', 'rom');
  t.like(first, { board, route: 'rom', verified: true, started: true, sectorsSkipped: 0 });
  t.true((first.bytesWritten as number) > 40_000);
  await device.booted;
  t.like(await json('verify', network, ...at), { equal: true, firstDivergent: null });

  // The application makes way for the loader, which finds that nothing has changed, and starts it again.
  const again = await json('flash', project, ...at);
  t.like(again, { board, route: 'loader', verified: true, started: true, bytesWritten: 0 });
  t.true((again.sectorsSkipped as number) >= 3);
  const input = join(folder, 'zeros.bin');
  writeFileSync(input, new Uint8Array(490));
  const ran = await json('run', network, ...at, '--input', input);
  t.is((ran.outputs as { values: number[] }[])[0]!.values.length, 12);
  // An emulated part says that what it counts are instructions.
  t.is(ran.source, 'emulated');

  const seen = await json('doctor', ...at);
  t.like(seen.port, { finding: 'reflow-application', ok: true });
  const deployed = await json('deploy', network, ...at);
  t.like(deployed.flash, { route: 'loader', bytesWritten: 0, verified: true });
  t.like(deployed.verify, { equal: true });
});

whole('what cannot be flashed is refused in one line', async (t) => {
  const refused = async (pattern: RegExp, status: number, ...argv: string[]) => {
    const ended = await reflow(argv, { cwd: folder });
    t.is(ended.status, status, ended.err);
    t.regex(ended.err, pattern);
    t.is(
      ended.err
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('E_')).length,
      1,
    );
  };
  const bin = join(folder, 'x.bin');
  writeFileSync(bin, new Uint8Array(64));
  await refused(/E_USAGE: .*does not say which board/, 2, 'flash', bin);
  await refused(/E_UNSUPPORTED: virt-m4 is no board that is flashed/, 3, 'flash', bin, '--board', 'virt-m4');
  await refused(/E_USAGE: .*over a serial port/, 2, 'flash', bin, '--board', board);
  await refused(/E_PORT: .*does not exist/, 1, 'flash', bin, '--board', board, '--port', '/dev/nothing');
  await refused(
    /E_UNSUPPORTED: .*cannot be flashed by openocd/,
    3,
    'flash',
    bin,
    '--board',
    board,
    '--via',
    'openocd',
  );
  await refused(/E_FILE: .*is no image/, 1, 'flash', folder, '--board', board);
  await refused(/E_BOARD: there is no board/, 2, 'flash', bin, '--board', 'nothing');
});
