/** Every board that can be bought: an image and a loader are linked for it, and both are what the board file says. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { assetDocuments, packageRoot } from '../base/assets.js';
import { boardById, makeCatalogue, targetOf } from '../hw/catalogue.js';
import { buildImage } from './build-image.js';
import { buildLoader } from './build-loader.js';

const catalogue = makeCatalogue(await assetDocuments('targets'), await assetDocuments('boards'));

const boards = [
  'b-u585i-iot02a',
  'netduino-plus2',
  'nucleo-f446re',
  'nucleo-h743zi2',
  'nucleo-h7a3zi-q',
  'nucleo-l4r5zi',
  'nucleo-u575zi-q',
  'stm32f746g-disco',
];

test('the hardware boards are these', (t) => {
  t.deepEqual(
    catalogue.boards.filter(({ kind }) => kind === 'hardware').map(({ id }) => id),
    boards,
  );
});

async function scratchProject(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-boards-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await cp(join(packageRoot(), 'test', 'fixtures', 'blur'), join(folder, 'blur'), { recursive: true });
  return join(folder, 'blur');
}

for (const id of boards) {
  test(`an image and a loader for ${id}`, async (t) => {
    const board = boardById(catalogue, id);
    const target = targetOf(catalogue, board);
    const image = await buildImage(await scratchProject(), board, target);
    const loader = await buildLoader(board, target);
    const loaderBytes = board.flash?.loaderBytes ?? 0;
    const flash = board.memories.find(({ name }) => name === 'flash')!;
    const stack = board.memories.find(({ uses }) => uses.includes('stack'))!;
    t.is(loader.address, flash.base);
    t.is(image.address, flash.base + loaderBytes);
    t.is(image.arenaBytes, 28096);
    t.is(image.weightBytes, 864);
    t.true(image.textBytes + image.rodataBytes > 5000 && image.textBytes + image.rodataBytes < 11_000);
    t.true(loader.bytes.length > 3000 && loader.bytes.length < 7500, `${loader.bytes.length}`);
    for (const [bytes, address] of [
      [readFileSync(image.bin!), image.address!],
      [Buffer.from(loader.bytes), loader.address],
    ] as const) {
      const [stackTop, reset] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
      t.is(stackTop, stack.base + 16 + board.firmware.stackBytes);
      t.true(reset % 2 === 1 && reset > address && reset < address + bytes.length, reset.toString(16));
    }
  });
}

test('a board without a loader is refused', async (t) => {
  const board = boardById(catalogue, 'virt-m4');
  await t.throwsAsync(buildLoader(board, targetOf(catalogue, board)), { code: 'E_UNSUPPORTED' });
});

test('weights begin with a sector where there is room, else directly behind the code', async (t) => {
  const board = boardById(catalogue, 'nucleo-f446re');
  const target = targetOf(catalogue, board);
  const addressOf = async (sectorStarts: readonly number[]) => {
    const image = await buildImage(await scratchProject(), board, target, { sectorStarts });
    const line = readFileSync(image.map, 'utf8')
      .split('\n')
      .find((text) => text.startsWith('.weights '))!;
    return { address: Number(line.split(/\s+/)[1]), binBytes: readFileSync(image.bin!).length, image };
  };
  const packed = await addressOf([]);
  const apart = await addressOf([0x08000000, 0x08004000, 0x08008000, 0x0800c000, 0x08010000]);
  t.is(apart.address, 0x08008000);
  t.is(apart.binBytes, 0x08008000 - 0x08004000 + 864);
  t.is(packed.image.flashBytes, packed.binBytes);
  t.true(
    readFileSync(apart.image.bin!)
      .subarray(-864 - 16, -864)
      .every((byte) => byte === 0xff),
  );
  // The last sector has no room for them.
  t.is((await addressOf([0x0807ff00])).address, packed.address);
});

for (const id of [
  'nucleo-f446re',
  'nucleo-h743zi2',
  'nucleo-l4r5zi',
  'nucleo-u575zi-q',
  'stm32f746g-disco',
]) {
  test(`the MLPerf firmware is linked for ${id}`, async (t) => {
    const board = boardById(catalogue, id);
    const flags = ['-DRF_MLPERF_MODEL="vww01"', '-DRF_MLPERF_INPUT_BYTES=9216', '-DRF_MLPERF_UNSIGNED=1'];
    const options = { program: 'mlperf', flags } as const;
    const image = await buildImage(await scratchProject(), board, targetOf(catalogue, board), options);
    t.true(image.ramBytes > 28096 + 9216);
    const text = readFileSync(image.bin!).toString('latin1');
    t.true(text.includes('m-ready') && text.includes('vww01') && text.includes('reflow-leave%'));
  });
}
