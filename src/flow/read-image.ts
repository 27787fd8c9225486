/** What `reflow flash` is given: an image that `build` described, its folder, or the bytes alone. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ReflowError } from '../base/error.js';
import { files } from '../base/files.js';
import { parseImage } from '../hw/image.js';
import { ownBoardName } from './compile.js';

export interface FlashableImage {
  readonly path: string;
  /** Id of the board it was built for; null where only the bytes are known. */
  readonly board: string | null;
  /** File of a board that is not one of the package's, when the image lies in its project; null otherwise. */
  readonly boardFile: string | null;
  readonly bytes: Uint8Array;
  /** Where it begins in flash; null: where the board's applications begin. */
  readonly address: number | null;
  /** Hashes that it holds and other images do not, hexadecimal. */
  readonly identities: readonly string[];
  /** What goes into other flashes: weights. */
  readonly parts: readonly FlashablePart[];
}

export interface FlashablePart {
  /** The board's memory. */
  readonly memory: string;
  readonly address: number;
  readonly bytes: Uint8Array;
}

const description = '.image.json';

/**
 * @param path an `.image.json`, a folder with one (or whose folder `build` has one), or a .bin
 * @throws ReflowError E_FILE, E_INPUT
 */
export async function readFlashable(path: string): Promise<FlashableImage> {
  if (path.endsWith('.bin')) {
    const unknown = { board: null, boardFile: null, address: null, identities: [], parts: [] };
    return { path, bytes: await files.read(path), ...unknown };
  }
  const described = path.endsWith(description) ? path : await descriptionIn(path);
  const image = parseImage(Buffer.from(await files.read(described)).toString(), described);
  if (image.bin === null || image.address === null) {
    throw new ReflowError(
      'E_INPUT',
      `${described} describes a program of this computer, nothing to flash`,
      'build it for a hardware board: reflow boards',
    );
  }
  const bin = resolve(dirname(described), image.bin);
  const identities = image.networks.flatMap(({ modelHash, planHash }) => [modelHash, planHash]);
  const parts = await Promise.all(
    image.parts.map(async ({ memory, address, bin }) => ({
      ...{ memory, address },
      bytes: await files.read(resolve(dirname(described), bin)),
    })),
  );
  const { board, address } = image;
  const boardFile = ownBoard(described);
  return { path: bin, board, boardFile, bytes: await files.read(bin), address, identities, parts };
}

/** `build` writes images into a folder of the project, in which `compile` leaves a board's file. */
function ownBoard(described: string): string | null {
  const path = resolve(dirname(described), '..', ownBoardName);
  return existsSync(path) ? path : null;
}

async function descriptionIn(folder: string): Promise<string> {
  for (const place of [folder, join(folder, 'build')]) {
    const found = (await readdir(place).catch(() => [])).filter((name) => name.endsWith(description));
    if (found.length === 1) return join(place, found[0]!);
    if (found.length > 1)
      throw new ReflowError(
        'E_INPUT',
        `${place} holds several images: ${found.join(', ')}`,
        'name one of them',
      );
  }
  throw new ReflowError(
    'E_FILE',
    `${folder} is no image: no .image.json in it`,
    'name a folder that reflow build made, its .image.json, or a .bin with --board',
  );
}
