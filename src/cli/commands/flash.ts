import type { Flash } from '../../flow/requests.js';
import type { FlashResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { portOption, storeOption } from '../options.js';
import { grouped, pairs, paragraphs } from '../text.js';

const routes = [
  'loader',
  'rom',
  'openocd',
  'st-flash',
  'stm32-programmer',
  'dfu-util',
  'drag-and-drop',
] as const;
const entries = ['adapter', 'adapter-inverted', 'adapter-swapped'] as const;

export const flashCommand = (flash: Flash) =>
  defineCommand({
    command: 'flash <image>',
    describe: 'Flashes an image onto a board and verifies it',
    positionals: {
      image: {
        describe: 'a folder that reflow build made, its .image.json, or a .bin',
        type: 'string',
        demandOption: true,
      },
    },
    options: {
      ...portOption,
      ...storeOption,
      board: { describe: 'id of the board; default: the one that the image was built for', type: 'string' },
      via: { describe: 'how; default: the first way of the board', choices: routes },
      entry: {
        describe: 'how modem lines of an adapter put the chip into its ROM bootloader',
        choices: entries,
      },
    },
    run: ({ image, port, board, via, entry, store }, progress) =>
      flash(
        {
          image,
          port: port ?? null,
          board: board ?? null,
          store,
          // The parser has checked the choices; here they get their types.
          via: (via as (typeof routes)[number] | undefined) ?? null,
          entry: (entry as (typeof entries)[number] | undefined) ?? null,
        },
        progress,
      ),
    print: printFlash,
  });

export function printFlash(result: FlashResult): string {
  const { board, route, bytesWritten, sectorsSkipped, seconds, verified, started } = result;
  return paragraphs(
    `${board} flashed by ${route}`,
    pairs([
      ['written', `${grouped(bytesWritten)} bytes in ${seconds.toFixed(2)} s`],
      ['skipped', sectorsSkipped === 0 ? null : `${sectorsSkipped} sectors that were right already`],
      ['verified', verified ? 'yes' : 'no: this way cannot tell; reflow verify can'],
      ['started', started ? 'yes' : 'no: press reset'],
    ]),
  );
}
