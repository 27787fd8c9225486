/** What the board files say of flash against what the flasher knows of the chips. */
import test from 'ava';
import { assetDocuments } from '../base/assets.js';
import { memoryFor } from '../hw/board.js';
import { makeCatalogue } from '../hw/catalogue.js';
import { chipByPid } from './chips.js';
import { sectorMap } from './sector-map.js';

const catalogue = makeCatalogue(await assetDocuments('targets'), await assetDocuments('boards'));
const hardware = catalogue.boards.filter(({ kind }) => kind === 'hardware');

for (const board of hardware) {
  const { chip: pid, loaderBytes, routes, openocd } = board.flash!;
  test(`${board.id}: chip ${pid} is known and has this flash`, (t) => {
    const chip = chipByPid(Number(pid))!;
    const { base, bytes } = memoryFor(board, 'code');
    t.is(base, chip.flashBase);
    t.is(bytes, chip.flashBytes);
    t.true(board.clockHz! >= 100e6);
    t.is(routes.includes('openocd'), openocd.length > 0);
    for (const { mode } of chip.layouts) {
      const sectors = sectorMap(chip, mode === 'only' ? null : mode);
      // The loader ends where a sector begins, and the application's first 32 bytes are whole flash words.
      t.true(
        sectors.some(({ address }) => address === base + loaderBytes),
        mode,
      );
      t.is(32 % chip.wordBytes, 0);
    }
    const hasBankBit = chip.bankOption !== undefined;
    t.is(
      board.optionBits?.some(({ name, bit }) => name === 'DBANK' && bit === chip.bankOption?.bit) ?? false,
      hasBankBit,
    );
  });
}

test('where the virtual COM port reaches the ROM bootloader, the board may be flashed that way', (t) => {
  const reached = hardware.filter(({ flash }) => flash!.routes.includes('rom')).map(({ id }) => id);
  // ST AN2606 and Zephyr's board files: USART1 on PA9/PA10 of the U5, USART3 on PD8/PD9 of the H7A3; an adapter on the last.
  t.deepEqual(reached, ['b-u585i-iot02a', 'netduino-plus2', 'nucleo-h7a3zi-q', 'nucleo-u575zi-q']);
});
