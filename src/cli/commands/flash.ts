import type { Flash, FlashRequest } from '../../flow/requests.js';
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
      trust: {
        describe: 'whether the record of the last flash saves reading what has not changed (ROM bootloader)',
        choices: ['sample', 'nothing'],
        default: 'sample',
      },
      entry: {
        describe: 'how modem lines of an adapter put the chip into its ROM bootloader',
        choices: entries,
      },
    },
    run: ({ image, port, board, via, entry, store, trust }, progress) =>
      flash(
        {
          image,
          port: port ?? null,
          board: board ?? null,
          store,
          trust: trust as FlashRequest['trust'],
          // The parser has checked the choices; here they get their types.
          via: (via as (typeof routes)[number] | undefined) ?? null,
          entry: (entry as (typeof entries)[number] | undefined) ?? null,
        },
        progress,
      ),
    print: printFlash,
  });

export function printFlash(result: FlashResult): string {
  const { board, route, bytesWritten, sectorsSkipped, seconds, started, mostErases } = result;
  return paragraphs(
    `${board} flashed by ${route}`,
    pairs([
      ['written', `${grouped(bytesWritten)} bytes in ${seconds.toFixed(2)} s`],
      ['skipped', sectorsSkipped === 0 ? null : `${sectorsSkipped} sectors that were right already`],
      ['verified', verifiedText(result)],
      ['wear', mostErases === null ? null : `${grouped(mostErases)} erases of the sector erased most`],
      ['started', started ? 'yes' : 'no: press reset'],
    ]),
  );
}

function verifiedText({ verified, bytesTrusted }: FlashResult): string {
  if (verified) return 'yes';
  if (bytesTrusted === 0) return 'no: this way cannot tell; reflow verify can';
  return `what was written; ${grouped(bytesTrusted)} bytes by the record and samples: --trust nothing reads them`;
}
