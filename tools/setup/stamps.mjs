/** What was built from which sources: content hashes kept in small stamp files beside the outputs. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Full paths of the files below `folder` (relative to the root) whose names match, sorted; build folders are skipped. */
export function sourceFiles(folder, pattern) {
  const top = join(root, folder);
  if (!existsSync(top)) return [];
  const found = [];
  const walk = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules' && entry.name !== 'target') walk(join(path, entry.name));
      } else if (pattern.test(entry.name)) found.push(join(path, entry.name));
    }
  };
  walk(top);
  return found.sort();
}

/** A hash over the names and contents of files, and over `salt`. */
export function hashFiles(files, salt = '') {
  const hash = createHash('sha256').update(salt);
  for (const file of files) hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  return hash.digest('hex');
}

export function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

export function writeStamp(file, value) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${value}\n`);
}

/** Deletes what tsc once wrote for a source that is gone, so that no stale test runs and no stale import resolves. */
export function removeOrphans(folder) {
  const output = /(\.js|\.d\.ts|\.js\.map)$/;
  for (const file of sourceFiles(join('dist', folder), output)) {
    const source = join(root, relative(join(root, 'dist'), file).replace(output, '.ts'));
    if (!existsSync(source)) rmSync(file);
  }
}
