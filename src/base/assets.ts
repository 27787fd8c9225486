/**
 * The files of the package that are not TypeScript: `boards/`, `targets/`, `firmware/`, `runtime-c/`. This is the only
 * place that knows where they lie.
 */

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ReflowError } from './error.js';

export type AssetFolder = 'boards' | 'targets' | 'firmware' | 'runtime-c';

/** The folder of package.json. Compiled files lie deeper (dist/src/base) than sources, so it is sought upwards. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new ReflowError(
        'E_FILE',
        'the folder of the reflow package was not found',
        'install reflow again',
      );
    }
    folder = parent;
  }
  return folder;
}

export function assetPath(folder: AssetFolder, ...parts: readonly string[]): string {
  return join(packageRoot(), folder, ...parts);
}

/** One JSON document of an asset folder. */
export interface AssetDocument {
  /** File name without `.json`. */
  readonly id: string;
  /** Path from the package root, for messages. */
  readonly where: string;
  readonly text: string;
}

/**
 * Every JSON file of a folder, by name.
 * @throws ReflowError E_FILE when the folder cannot be read
 */
export async function assetDocuments(folder: 'boards' | 'targets'): Promise<readonly AssetDocument[]> {
  try {
    const names = (await readdir(assetPath(folder))).filter((name) => name.endsWith('.json')).sort();
    return await Promise.all(
      names.map(async (name) => ({
        id: name.slice(0, -'.json'.length),
        where: `${folder}/${name}`,
        text: await readFile(assetPath(folder, name), 'utf8'),
      })),
    );
  } catch (error) {
    throw new ReflowError('E_FILE', `cannot read the package's folder ${folder}`, 'install reflow again', {
      cause: error,
    });
  }
}
