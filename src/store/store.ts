/** The measurement store: runs with their values, in a SQLite file or on a PostgreSQL server. */
import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { type Database, type DatabaseOptions, openDatabase } from './database.js';
import type { Measurement, Run, StoredRun } from './measurement.js';
import { runRow, selectRuns, selectValues, storedRun, storedValue, valueRow } from './rows.js';
import type { Schema } from './schema.js';

export interface RunFilter {
  readonly board?: string;
  readonly modelHash?: string;
  /** At most this many, newest first. */
  readonly limit?: number;
}

export interface Store {
  readonly database: Database;
  /** Writes a run with all its values, or nothing at all; resolves to the run's id. */
  recordRun(run: Run, measurements: readonly Measurement[]): Promise<string>;
  /** Runs, newest first. */
  listRuns(filter?: RunFilter): Promise<StoredRun[]>;
  /** A run with its values in the order in which they were recorded; null when there is no such run. */
  readRun(id: string): Promise<{ readonly run: StoredRun; readonly measurements: Measurement[] } | null>;
  close(): Promise<void>;
}

/**
 * Opens the store at `place`: the path of a file, which is made with its folder when it is missing, or
 * `postgres://user@host/name`. Every method rejects with ReflowError E_STORE (damaged, locked, newer, not writable) or
 * E_DISK_FULL.
 */
export async function openStore(place: string, options: DatabaseOptions = {}): Promise<Store> {
  const database = await openDatabase(place, options);
  return {
    database,
    recordRun: (run, measurements) =>
      database.attempt((db) =>
        db.transaction().execute((transaction) => insertRun(transaction, run, measurements)),
      ),
    listRuns: (filter = {}) =>
      database.attempt(async (db) => {
        let query = selectRuns(db, database.kind).orderBy('at', 'desc').orderBy('id', 'desc');
        if (filter.board !== undefined) query = query.where('board', '=', filter.board);
        if (filter.modelHash !== undefined) query = query.where('model_hash', '=', filter.modelHash);
        if (filter.limit !== undefined) query = query.limit(filter.limit);
        return (await query.execute()).map(storedRun);
      }),
    readRun: (id) =>
      database.attempt(async (db) => {
        const run = await selectRuns(db, database.kind).where('id', '=', id).executeTakeFirst();
        if (run === undefined) return null;
        const rows = await selectValues(db, database.kind, id).execute();
        return { run: storedRun(run), measurements: rows.map(storedValue) };
      }),
    close: () => database.close(),
  };
}

/** Writes a run inside a transaction of the caller's; resolves to its id. */
export async function insertRun(
  transaction: Kysely<Schema>,
  run: Run,
  measurements: readonly Measurement[],
): Promise<string> {
  const id = `${run.at.replace(/[-:]|\.\d+/g, '')}-${randomBytes(4).toString('hex')}`;
  await transaction.insertInto('runs').values(runRow(id, run)).execute();
  // In slices, because a statement takes a limited number of values.
  for (let begin = 0; begin < measurements.length; begin += 500) {
    const rows = measurements.slice(begin, begin + 500).map((one, index) => valueRow(id, one, begin + index));
    await transaction.insertInto('measurements').values(rows).execute();
  }
  return id;
}
