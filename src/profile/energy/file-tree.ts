/** The seam to files that the kernel makes up (sysfs): the real disk, or a tree in memory for tests and recordings. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface FileTree {
  /** Names in a folder; empty when there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Content of a file, or null when it cannot be read (sysfs fails with EIO or EAGAIN while a sensor is busy). */
  read(path: string): Promise<string | null>;
}

/** @param root put before every path: a copy of /sys can be read like the original */
export function diskTree(root = '/'): FileTree {
  return {
    list: (path) => readdir(join(root, path)).catch(() => []),
    read: (path) => readFile(join(root, path), 'utf8').catch(() => null),
  };
}

/** @param files content by full path */
export function memoryTree(files: Readonly<Record<string, string>>): FileTree {
  return {
    list: async (path) => {
      const prefix = path.endsWith('/') ? path : `${path}/`;
      const names = Object.keys(files)
        .filter((file) => file.startsWith(prefix))
        .map((file) => file.slice(prefix.length).split('/')[0]!);
      return [...new Set(names)].sort();
    },
    read: async (path) => files[path] ?? null,
  };
}
