/** Turns what SQLite and kysely throw into the store's errors. */
import { ReflowError } from '../base/error.js';

/** SQLite's name of the failure, e.g. `SQLITE_BUSY`; empty when the error is not SQLite's. */
export function sqliteCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : '';
}

/** The ReflowError for anything that went wrong with the store at `path`: E_DISK_FULL or E_STORE. */
export function storeFailure(path: string, error: unknown): ReflowError {
  if (error instanceof ReflowError) return error;
  const code = sqliteCode(error);
  // A server that refuses every address gives an error without words.
  const text = error instanceof Error ? error.message || code : String(error);
  const failure = (what: string, hint: string) =>
    new ReflowError('E_STORE', `measurement store ${path}: ${what}`, hint, { cause: error });
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC') {
    return new ReflowError(
      'E_DISK_FULL',
      `measurement store ${path}: no space left`,
      'free some space and try again',
      {
        cause: error,
      },
    );
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return failure('another program keeps it locked', 'end that program, or give another file with --store');
  }
  if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT')) {
    return failure(
      'the file is damaged or no SQLite database',
      'move the file away; reflow then starts a new one',
    );
  }
  if (/newer reflow|corrupted migrations/.test(text)) {
    return failure('a newer reflow wrote this file', 'update reflow, or give another file with --store');
  }
  if (/^postgres/.test(path)) {
    return failure(text, 'check that the server runs and that this address may use its database');
  }
  return failure(text, 'check that the folder exists and may be written, or give another file with --store');
}
