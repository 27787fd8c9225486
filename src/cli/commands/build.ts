import type { Build } from '../../flow/requests.js';
import type { BuildResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { grouped, pairs, paragraphs, table } from '../text.js';

export const buildCommand = (build: Build) =>
  defineCommand({
    command: 'build <folder>',
    describe: 'Compiles and links a C project: ELF, bin, hex',
    positionals: {
      folder: { describe: 'a folder that reflow compile made', type: 'string', demandOption: true },
    },
    options: {},
    run: ({ folder }, progress) => build({ folder }, progress),
    print: printBuild,
  });

export function printBuild(image: BuildResult): string {
  const { board, elf, bin, hex, imageHash, flashBytes, ramBytes, arenaBytes } = image;
  return paragraphs(
    `image for ${board}`,
    pairs([
      ['elf', elf],
      ['bin', bin],
      ['hex', hex],
      ['sha256', imageHash],
    ]),
    table(
      ['memory', 'part', 'bytes'],
      [
        ['flash', 'all', flashBytes],
        ['', 'code', image.textBytes],
        ['', 'constants', image.rodataBytes],
        ['', 'weights', image.weightBytes],
        ['ram', 'all', ramBytes],
        ['', 'arena', arenaBytes],
      ],
    ),
    image.memories.length === 0
      ? ''
      : table(
          ['memory', 'bytes', 'used', 'weights', 'arena'],
          image.memories.map((memory) => [
            ...[memory.name, memory.bytes, memory.used],
            ...[memory.weightBytes, memory.arenaBytes].map((bytes) => bytes || null),
          ]),
        ),
    image.parts
      .map(
        ({ memory, address, bin, bytes }) =>
          `${memory} gets ${bin}: ${grouped(bytes)} bytes at ${addressText(address)}`,
      )
      .join('\n'),
  );
}

const addressText = (address: number) => `0x${address.toString(16).padStart(8, '0')}`;
