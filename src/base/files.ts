/** The seam to the disk. Whole folders and files appear at once or not at all. */
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import { ReflowError } from './error.js';
import { makeFolder } from './make-folder.js';

/** Path with forward slashes, relative to the folder, to contents. */
export type FileMap = ReadonlyMap<string, string | Uint8Array>;

export interface Files {
  /** @throws ReflowError E_FILE when it cannot be read */
  read(path: string): Promise<Uint8Array>;
  /** Replaces one file. @throws ReflowError E_FILE, E_DISK_FULL */
  write(path: string, contents: string | Uint8Array): Promise<void>;
  /**
   * Replaces a folder by exactly these files: they are written beside it and renamed, so that nobody ever sees half of
   * them and a failure leaves the old folder as it was.
   * @param isOurs by the names in it, whether a folder that is there may be replaced; an empty one always may
   * @throws ReflowError E_FILE, also when other people's files would be lost; E_DISK_FULL
   */
  writeFolder(folder: string, files: FileMap, isOurs?: IsOurs): Promise<void>;
  /**
   * The same for a folder that other programs fill: `work` gets an empty folder, which takes the place of `folder` when
   * `work` ends well, and is removed when it throws.
   */
  makeFolder<T>(folder: string, work: (fresh: string) => Promise<T>, isOurs?: IsOurs): Promise<T>;
}

export type IsOurs = (names: readonly string[]) => boolean;

/** What of node:fs the writes need, so that a test can make any of them fail. */
export interface Disk {
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  mkdtemp(prefix: string): Promise<string>;
  writeFile(path: string, contents: string | Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { recursive: true; force: true }): Promise<void>;
}

export function filesOn(disk: Disk): Files {
  const makeFolder: Files['makeFolder'] = (folder, work, isOurs = () => false) =>
    beside(disk, folder, async (scratch) => {
      await refuseForeign(folder, isOurs);
      const fresh = join(scratch, 'new');
      await disk.mkdir(fresh, { recursive: true });
      const result = await work(fresh);
      await replaceFolder(disk, fresh, folder, join(scratch, 'old'));
      return result;
    });
  return {
    async read(path) {
      try {
        return await readFile(path);
      } catch (error) {
        throw diskError(path, 'read', error);
      }
    },
    write: (path, contents) =>
      beside(disk, path, async (scratch) => {
        const written = join(scratch, 'file');
        await disk.writeFile(written, contents);
        await disk.rename(written, path);
      }),
    writeFolder: (folder, files, isOurs) =>
      makeFolder(
        folder,
        async (fresh) => {
          for (const [path, contents] of files) {
            const target = join(fresh, insideFolder(path));
            await disk.mkdir(dirname(target), { recursive: true });
            await disk.writeFile(target, contents);
          }
        },
        isOurs,
      ),
    makeFolder,
  };
}

/** The real disk. */
export const files: Files = filesOn({
  mkdir: async (path) => makeFolder(path),
  mkdtemp,
  writeFile,
  rename,
  rm,
});

/** Does the work in a scratch folder on the same disk, removes it whatever happens, and names the error. */
async function beside<T>(disk: Disk, path: string, work: (scratch: string) => Promise<T>): Promise<T> {
  const parent = dirname(resolve(path));
  let scratch: string | null = null;
  try {
    await disk.mkdir(parent, { recursive: true });
    scratch = await disk.mkdtemp(join(parent, `.${basename(path)}-`));
    return await work(scratch);
  } catch (error) {
    throw error instanceof ReflowError ? error : diskError(path, 'write', error);
  } finally {
    if (scratch) await disk.rm(scratch, { recursive: true, force: true }).catch(() => {});
  }
}

/** Nobody's files may go because somebody mistyped a path. */
async function refuseForeign(folder: string, isOurs: IsOurs): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0 || isOurs(names)) return;
  throw new ReflowError(
    'E_FILE',
    `${folder} holds files that reflow did not write, and would be replaced`,
    'give a new or an empty folder',
  );
}

async function replaceFolder(disk: Disk, fresh: string, folder: string, old: string): Promise<void> {
  const replaced = await disk.rename(folder, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  try {
    await disk.rename(fresh, folder);
  } catch (error) {
    if (replaced) await disk.rename(old, folder);
    throw error;
  }
}

function insideFolder(path: string): string {
  const clean = normalize(path);
  if (isAbsolute(clean) || clean === '..' || clean.startsWith('../')) {
    throw new ReflowError(
      'E_FILE',
      `${path} would lie outside its folder`,
      'report this: reflow named the file',
    );
  }
  return clean;
}

function diskError(path: string, what: 'read' | 'write', error: unknown): ReflowError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ReflowError(
      'E_DISK_FULL',
      `no space left to write ${path}; nothing was changed`,
      'free some disk space and try again',
      { cause: error },
    );
  }
  const reason = code === 'ENOENT' ? 'does not exist' : code === 'EACCES' ? 'is not permitted' : message;
  return new ReflowError('E_FILE', `cannot ${what} ${path}: ${reason}`, 'check the path and its rights', {
    cause: error,
  });
}
