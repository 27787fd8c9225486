/** Temporary folders that do not outlive this process, unless it is killed without a chance to clean up. */
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const open = new Set<string>();

// Also after a signal: main.ts turns SIGINT, SIGTERM and SIGHUP into an exit.
process.on('exit', () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true });
});

/** Makes an empty folder, `prefix` and six letters, in the system's folder for temporary files. */
export function openScratch(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  open.add(folder);
  return folder;
}

/** Removes a folder of `openScratch`. */
export async function closeScratch(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  open.delete(folder);
}

/** Does the work in a temporary folder and removes it, whatever happens. */
export async function inScratch<T>(prefix: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = openScratch(prefix);
  try {
    return await work(folder);
  } finally {
    await closeScratch(folder);
  }
}
