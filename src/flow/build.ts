/** A project that `compile` wrote becomes an image for its board. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../base/files.js';
import { type BuildOptions, buildImage } from '../build/build-image.js';
import { readProject } from '../build/project.js';
import { chipByPid } from '../flash/chips.js';
import { sectorMap } from '../flash/sector-map.js';
import { type Board, memoryFor } from '../hw/board.js';
import { boardById, type Catalogue, targetOf } from '../hw/catalogue.js';
import type { Image } from '../hw/image.js';
import { ownBoardName } from './compile.js';
import { boardNamed, loadCatalogue } from './list-boards.js';
import type { Build } from './requests.js';
import type { BuildResult } from './results.js';

export const build: Build = async ({ folder }) => buildResult(await buildProject(folder));

/** Compiles and links a project with its board's firmware; the image lies in the project's folder `build`. */
export async function buildProject(
  folder: string,
  options: Pick<BuildOptions, 'program' | 'flags'> = {},
): Promise<Image> {
  const catalogue = await loadCatalogue();
  const { board } = await readProject(files, folder);
  return buildFor(folder, catalogue, board, options);
}

async function buildFor(
  folder: string,
  catalogue: Catalogue,
  id: string,
  options: BuildOptions,
): Promise<Image> {
  const own = join(folder, ownBoardName);
  const { board } = await boardNamed(catalogue, existsSync(own) ? own : id);
  const hostTarget = targetOf(catalogue, boardById(catalogue, 'host'));
  return buildImage(folder, board, targetOf(catalogue, board), {
    ...options,
    hostTarget,
    sectorStarts: sectorStarts(board),
  });
}

/** Where sectors of the board's flash begin, whatever its bank mode; none where it is not flashed. */
function sectorStarts(board: Board): number[] {
  const chip = board.flash && chipByPid(Number(board.flash.chip));
  if (!chip) return [];
  const { base, bytes } = memoryFor(board, 'weights');
  const [first = [], ...others] = chip.layouts.map(({ mode }) =>
    sectorMap(chip, mode === 'only' ? null : mode).map(({ address }) => address),
  );
  return first.filter(
    (address) =>
      address >= base && address < base + bytes && others.every((other) => other.includes(address)),
  );
}

export function buildResult(image: Image): BuildResult {
  const {
    board,
    elf,
    bin,
    hex,
    hash,
    flashBytes,
    textBytes,
    rodataBytes,
    weightBytes,
    ramBytes,
    arenaBytes,
    memories,
    parts,
  } = image;
  return {
    board,
    elf,
    bin,
    hex,
    imageHash: hash,
    flashBytes,
    textBytes,
    rodataBytes,
    weightBytes,
    ramBytes,
    arenaBytes,
    memories,
    parts,
  };
}
