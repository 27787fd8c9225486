import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { assetDocuments, packageRoot } from '../base/assets.js';
import { ReflowError } from '../base/error.js';
import type { Board } from '../hw/board.js';
import { boardById, makeCatalogue } from '../hw/catalogue.js';
import type { Image } from '../hw/image.js';
import { openBoard } from './open-board.js';
import { Session } from './session.js';

/** A folder that goes with this process. */
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-tether-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function board(id: string): Promise<Board> {
  return boardById(makeCatalogue(await assetDocuments('targets'), await assetDocuments('boards')), id);
}

const image = (boardId: string, elf: string): Image => ({
  name: 'x',
  board: boardId,
  target: 'x',
  networks: [{ name: 'x', modelHash: '', planHash: '' }],
  elf,
  bin: null,
  hex: null,
  map: 'x',
  address: null,
  plugin: null,
  flashBytes: 0,
  textBytes: 0,
  rodataBytes: 0,
  weightBytes: 0,
  ramBytes: 0,
  memories: [],
  parts: [],
  arenaBytes: 0,
  stackReserveBytes: 0,
  hash: '0'.repeat(64),
});

for (const id of ['virt-m4', 'virt-pi']) {
  test(`${id} without its emulator is E_TOOL_MISSING`, async (t) => {
    const real = await board(id);
    const without = { ...real, run: { ...real.run, program: 'no-such-qemu' } } as Board;
    const error = await t.throwsAsync(openBoard(without, image(id, 'x.elf')), { instanceOf: ReflowError });
    t.is(error?.code, 'E_TOOL_MISSING');
    t.regex(error?.line ?? '', /no-such-qemu is not installed\. Next: install it: sudo apt-get install qemu/);
  });
}

test('an emulator that ends at once says why', async (t) => {
  const missing = image('virt-m4', '/does/not/exist.elf');
  const error = await t.throwsAsync(
    openBoard(await board('virt-m4'), missing).then(async ({ port, close }) => {
      // It may live long enough to open its line.
      await Session.start(port, { bootMs: 2000 }).finally(close);
    }),
    { instanceOf: ReflowError },
  );
  t.true(['E_DEVICE', 'E_PORT', 'E_TIMEOUT'].includes(error?.code ?? ''), error?.line);
});

test('a process that is not there, and an image of another board, are refused', async (t) => {
  await t.throwsAsync(openBoard(await board('host'), image('host', '/does/not/exist')), {
    code: 'E_TOOL_MISSING',
  });
  await t.throwsAsync(openBoard(await board('host'), image('virt-m4', 'x')), {
    code: 'E_BOARD',
    message: /virt-m4/,
  });
});

test('a program that dies takes the line with it', async (t) => {
  const { port, close } = await openBoard(await board('host'), image('host', '/bin/false'));
  const failed = await t.throwsAsync(Session.start(port), { instanceOf: ReflowError });
  t.is(failed?.code, 'E_PORT');
  await close();
});

test('a board that never answers is E_TIMEOUT, and close ends it', async (t) => {
  const { port, close } = await openBoard(await board('host'), image('host', '/usr/bin/yes'));
  await t.throwsAsync(Session.start(port, { bootMs: 300 }), { code: 'E_TIMEOUT' });
  await close();
  await close();
});

/** Process ids whose command line has `word`. */
function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((id) => {
    if (!/^\d+$/.test(id)) return false;
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'latin1').includes(word);
    } catch {
      return false;
    }
  });
}

test('kill -9 of reflow leaves no emulator behind', async (t) => {
  const mark = join(temporary(), 'mark');
  const module = join(packageRoot(), 'dist', 'src', 'base', 'tethered-program.js');
  const program = `
    import { startTethered } from ${JSON.stringify(module)};
    const p = startTethered('sh', ['-c', 'echo ready; while :; do sleep 0.1; done', ${JSON.stringify(mark)}], '');
    await p.line(/ready/, 5000);
    console.log('up');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const started = processesWith(mark).filter((id) => id !== String(child.pid));
  t.true(started.length > 0);
  child.kill('SIGKILL');
  for (let i = 0; i < 50 && processesWith(mark).length > 0; i++) await sleep(100);
  t.deepEqual(processesWith(mark), []);
});
