/** The repository as the tests of `test/` see it: its root, and the files that belong to it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Tests run from dist/test, two folders down. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every file below `folder` whose path matches; folders of builds and packages are left out. */
export function filesBelow(folder: string, pattern: RegExp): SourceFile[] {
  let entries: string[];
  try {
    entries = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  return entries
    .map((entry) => relative(root, join(root, folder, entry)).replaceAll('\\', '/'))
    .filter((path) => pattern.test(path) && !/(^|\/)(node_modules|target|build|dist)\//.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}
