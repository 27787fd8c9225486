/** Clock set-up and flash driver of every hardware board, compiled for this machine against models of their registers. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { assetDocuments, assetPath } from '../src/base/assets.js';
import { firmwareDefines, firmwareIncludes } from '../src/build/firmware.js';
import { chipByPid } from '../src/flash/chips.js';
import { sectorMap } from '../src/flash/sector-map.js';
import { makeCatalogue } from '../src/hw/catalogue.js';

const catalogue = makeCatalogue(await assetDocuments('targets'), await assetDocuments('boards'));
const folder = mkdtempSync(join(tmpdir(), 'reflow-drivers-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Which model of a flash controller each family has; the L4R5 in both of its bank modes. */
const models: Record<
  string,
  readonly { readonly flags: readonly string[]; readonly mode?: 'single' | 'dual' }[]
> = {
  stm32f4: [{ flags: ['-DMODEL_SECTORS=0x4000u'] }],
  stm32f7: [{ flags: ['-DMODEL_SECTORS=0x8000u'] }],
  stm32h7: [{ flags: ['-DMODEL_BANKS'] }],
  stm32l4plus: [
    { flags: ['-DMODEL_L4', '-DMODEL_PAGES=0x1000u', '-DMODEL_OPTR=0x400000u'], mode: 'dual' },
    { flags: ['-DMODEL_L4', '-DMODEL_PAGES=0x2000u', '-DMODEL_OPTR=0u'], mode: 'single' },
  ],
  stm32u5: [{ flags: ['-DMODEL_U5', '-DMODEL_PAGES=0x2000u'] }],
};

for (const board of catalogue.boards.filter(({ kind }) => kind === 'hardware')) {
  const { port } = board.firmware;
  for (const { flags, mode } of models[port]!) {
    test(`${board.id}${mode ? ` in ${mode} bank mode` : ''}: clock and flash do what the manual says, and every wait ends`, (t) => {
      const program = join(folder, `${board.id}-${mode}`);
      const sources = [
        ['test', 'drivers_test.c'],
        [port, 'clock.c'],
        [port, 'flash.c'],
      ];
      const args = [
        ...['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-Wno-int-to-pointer-cast', '-O1'],
        ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
        ...firmwareDefines(board, 'loader'),
        ...['-DRF_MOCK_REGISTERS', '-DPATIENCE=500u', '-DERASE_PATIENCE=500u', ...flags],
        ...firmwareIncludes(board).map((path) => `-I${path}`),
        ...sources.map((parts) => assetPath('firmware', ...parts)),
      ];
      const built = spawnSync('cc', [...args, '-o', program]);
      t.is(built.status, 0, built.stderr.toString());
      const ran = spawnSync(program, { timeout: 60_000 });
      t.is(ran.status, 0, ran.stderr.toString());
      // The driver's sectors and words are those by which the host's own table describes the chip.
      const chip = chipByPid(Number(board.flash!.chip))!;
      const behind = sectorMap(chip, mode ?? null).filter(
        ({ address }) => address >= chip.flashBase + board.flash!.loaderBytes,
      );
      t.is(ran.stdout.toString(), `${behind.length} ${chip.wordBytes}`);
    });
  }
}
