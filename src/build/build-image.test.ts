import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { assetDocuments, packageRoot } from '../base/assets.js';
import { ReflowError } from '../base/error.js';
import { sha256 } from '../base/hash.js';
import { FakeProcesses } from '../base/processes.js';
import type { Board } from '../hw/board.js';
import { boardById, makeCatalogue, targetOf } from '../hw/catalogue.js';
import { parseImage } from '../hw/image.js';
import { buildImage } from './build-image.js';

/** A folder that goes with this process. */
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-build-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function boardAndTarget(id: string) {
  const catalogue = makeCatalogue(await assetDocuments('targets'), await assetDocuments('boards'));
  const board = boardById(catalogue, id);
  return { board, target: targetOf(catalogue, board) };
}

/** A copy of the fixture, to build in and to spoil. */
async function project(): Promise<string> {
  const folder = join(temporary(), 'blur');
  await cp(join(packageRoot(), 'test', 'fixtures', 'blur'), folder, { recursive: true });
  return folder;
}

const withRam = (board: Board, bytes: number): Board => ({
  ...board,
  memories: board.memories.map((memory) => (memory.kind === 'ram' ? { ...memory, bytes } : memory)),
});

test('an image for virt-m4: files, sizes, the same bytes twice', async (t) => {
  const { board, target } = await boardAndTarget('virt-m4');
  const folder = await project();
  const image = await buildImage(folder, board, target);
  t.deepEqual(readdirSync(join(folder, 'build')).sort(), [
    'blur.bin',
    'blur.elf',
    'blur.hex',
    'blur.image.json',
    'blur.ld',
    'blur.map',
    'image.c',
  ]);
  t.is(image.arenaBytes, 28096);
  t.is(image.weightBytes, 864);
  t.is(image.flashBytes, readFileSync(image.bin ?? '').length);
  t.true(image.ramBytes > 28096 + 8192 && image.ramBytes < 28096 + 8192 + 4096, `${image.ramBytes}`);
  t.true(image.textBytes + image.rodataBytes < 9000, `${image.textBytes} ${image.rodataBytes}`);
  const described = parseImage(readFileSync(join(folder, 'build', 'blur.image.json'), 'utf8'), 'x');
  t.deepEqual({ ...described, elf: image.elf, bin: image.bin, hex: image.hex, map: image.map }, image);
  t.is((await buildImage(folder, board, target)).hash, image.hash);
  t.is(image.hash, sha256(readFileSync(image.bin ?? '')));
});

test('an arena that is too large is E_DOES_NOT_FIT with the bytes that are missing, and leaves nothing', async (t) => {
  const { board, target } = await boardAndTarget('virt-m4');
  const folder = await project();
  const fits = await buildImage(folder, board, target);
  const tooSmall = withRam(board, Math.floor(fits.ramBytes / 256) * 256);
  const outDir = join(folder, 'other');
  const error = await t.throwsAsync(buildImage(folder, tooSmall, target, { outDir }), {
    instanceOf: ReflowError,
  });
  t.is(error?.code, 'E_DOES_NOT_FIT');
  t.is(error?.exitStatus, 3);
  const missing = Number(error?.message.match(/(\d+) bytes are missing in ram/)?.[1]);
  t.true(missing > 0 && missing <= 256 + 16, error?.message);
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.') || name === 'other'),
    [],
  );
  t.notThrows(() => readFileSync(fits.elf));
});

test('a process that is larger than its board is E_DOES_NOT_FIT too', async (t) => {
  const { board, target } = await boardAndTarget('host');
  const small = withRam(board, 300 * 1024);
  await t.throwsAsync(buildImage(await project(), small, target), {
    code: 'E_DOES_NOT_FIT',
    message: /blur does not fit host: \d+ bytes are missing in process \(307200 bytes\)/,
  });
});

test('the first error of the compiler is one line with file and line', async (t) => {
  const { board, target } = await boardAndTarget('virt-m4');
  const folder = await project();
  writeFileSync(join(folder, 'blur_weights.c'), '#include "blur_weights.h"\nint x = ;\nint y = ;\n');
  const error = await t.throwsAsync(buildImage(folder, board, target), { instanceOf: ReflowError });
  t.is(error?.code, 'E_BUILD');
  t.regex(error?.message ?? '', /blur_weights\.c:2:\d+: error: /);
  t.notRegex(error?.message ?? '', /\n|:3:/);
  t.false(existsSync(join(folder, 'build')));
});

test('a symbol that is missing, and a plan that disagrees with the C, are E_BUILD', async (t) => {
  const { board, target } = await boardAndTarget('host');
  const folder = await project();
  const path = join(folder, 'reflow.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...manifest, sources: ['blur.c', 'blur_weights.c'] }));
  await t.throwsAsync(buildImage(folder, board, target), { code: 'E_BUILD', message: /undefined reference/ });
  writeFileSync(path, JSON.stringify({ ...manifest, sources: ['../x.c'] }));
  await t.throwsAsync(buildImage(folder, board, target), { code: 'E_FILE', message: /inside the project/ });
  writeFileSync(path, '{');
  await t.throwsAsync(buildImage(folder, board, target), {
    code: 'E_FILE',
    message: /reflow\.json: is not JSON/,
  });
  await t.throwsAsync(buildImage(join(folder, 'none'), board, target), {
    code: 'E_FILE',
    message: /does not exist/,
  });
});

test('a missing compiler is E_TOOL_MISSING with the package that has it', async (t) => {
  const { board, target } = await boardAndTarget('virt-m4');
  const absent = { ...target, tools: { ...target.tools, compiler: 'no-such-gcc' } };
  const error = await t.throwsAsync(buildImage(await project(), board, absent), { instanceOf: ReflowError });
  t.is(error?.code, 'E_TOOL_MISSING');
  t.regex(error?.hint ?? '', /apt-get install gcc-arm-none-eabi/);
});

test('a compiler that meets a full disk is E_DISK_FULL, and nothing is left', async (t) => {
  const { board, target } = await boardAndTarget('virt-m4');
  const folder = await project();
  const full = new FakeProcesses(() => ({ status: 1, stderr: 'as: x.o: No space left on device' }));
  await t.throwsAsync(buildImage(folder, board, target, { processes: full }), { code: 'E_DISK_FULL' });
  t.deepEqual(
    readdirSync(folder).filter((name) => /^\.|build$/.test(name)),
    [],
  );
});

test('at most as many compilers as asked for run at once, and none starts after a failure', async (t) => {
  const { board, target } = await boardAndTarget('virt-m4');
  let running = 0;
  let most = 0;
  const fake = new FakeProcesses(() => ({ status: 1, stderr: 'a.c:1:1: error: no' }));
  const slow = {
    exec: async (request: Parameters<typeof fake.exec>[0]) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running -= 1;
      return fake.exec(request);
    },
  };
  await t.throwsAsync(buildImage(await project(), board, target, { processes: slow, jobs: 3 }), {
    code: 'E_BUILD',
  });
  t.is(most, 3);
  t.is(fake.requests.length, 3);
});
