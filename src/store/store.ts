/**
 * The measurement store: one SQLite file, written by many processes at once, read by reports and searches.
 * Write-ahead logging lets readers and one writer work side by side; a second writer waits up to `busyTimeoutMs`.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely, Migrator, SqliteDialect, sql } from 'kysely';
import Database from 'libsql';
import type { Measurement, Run, StoredRun } from './measurement.js';
import { runRow, selectRuns, selectValues, storedRun, storedValue, valueRow } from './rows.js';
import { migrations, type Schema, schemaVersion } from './schema.js';
import { sqliteCode, storeFailure } from './store-failure.js';

export interface RunFilter {
  readonly board?: string;
  readonly modelHash?: string;
  /** At most this many, newest first. */
  readonly limit?: number;
}

export interface StoreOptions {
  /** How long a writer waits for another one. */
  readonly busyTimeoutMs?: number;
}

export interface Store {
  /** Writes a run with all its values, or nothing at all; resolves to the run's id. */
  recordRun(run: Run, measurements: readonly Measurement[]): Promise<string>;
  /** Runs, newest first. */
  listRuns(filter?: RunFilter): Promise<StoredRun[]>;
  /** A run with its values in the order in which they were recorded; null when there is no such run. */
  readRun(id: string): Promise<{ readonly run: StoredRun; readonly measurements: Measurement[] } | null>;
  close(): Promise<void>;
}

/**
 * Opens the store at `path`, making the folder and the file when they are missing and bringing its tables up to date.
 * Every method rejects with ReflowError E_STORE (damaged, locked, newer, not writable) or E_DISK_FULL.
 */
export async function openStore(path: string, options: StoreOptions = {}): Promise<Store> {
  const busyTimeoutMs = options.busyTimeoutMs ?? 10_000;
  let db: Kysely<Schema> | null = null;
  try {
    db = connect(path, busyTimeoutMs);
    await migrate(db, 20);
    return new SqliteStore(path, busyTimeoutMs, db);
  } catch (error) {
    await db?.destroy().catch(() => undefined);
    throw storeFailure(path, error);
  }
}

function connect(path: string, busyTimeoutMs: number): Kysely<Schema> {
  mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path);
  try {
    database.pragma(`busy_timeout = ${Math.round(busyTimeoutMs)}`);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    database.pragma('foreign_keys = ON');
  } catch (error) {
    database.close();
    throw error;
  }
  return new Kysely<Schema>({ dialect: new SqliteDialect({ database }) });
}

/**
 * Brings the tables up to date. The file's `user_version` says at once that they are; kysely's own bookkeeping decides
 * otherwise. Two processes that open a new file at once both migrate: SQLite stops one of them, and it looks again.
 */
async function migrate(db: Kysely<Schema>, attempts: number): Promise<void> {
  const version =
    (await sql<{ user_version: number }>`pragma user_version`.execute(db)).rows[0]?.user_version ?? 0;
  if (version === schemaVersion) return;
  if (version > schemaVersion) throw new Error('a newer reflow wrote this file');
  const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest();
  if (error === undefined) {
    await sql`pragma user_version = ${sql.lit(schemaVersion)}`.execute(db);
    return;
  }
  // Another process may be making the same tables: it holds the lock, or has just made them.
  const elsewhere = sqliteCode(error).startsWith('SQLITE_BUSY') || /already exists/.test(String(error));
  if (attempts <= 1 || !elsewhere) throw error;
  await new Promise((resolve) => setTimeout(resolve, 25));
  await migrate(db, attempts - 1);
}

class SqliteStore implements Store {
  readonly #path: string;
  readonly #busyTimeoutMs: number;
  #db: Kysely<Schema>;

  constructor(path: string, busyTimeoutMs: number, db: Kysely<Schema>) {
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#db = db;
  }

  recordRun(run: Run, measurements: readonly Measurement[]): Promise<string> {
    const id = `${run.at.replace(/[-:]|\.\d+/g, '')}-${randomBytes(4).toString('hex')}`;
    return this.#attempt(async () => {
      await this.#db.transaction().execute(async (transaction) => {
        await transaction.insertInto('runs').values(runRow(id, run)).execute();
        // In slices, because a statement takes a limited number of values.
        for (let begin = 0; begin < measurements.length; begin += 500) {
          const rows = measurements.slice(begin, begin + 500).map((one) => valueRow(id, one));
          await transaction.insertInto('measurements').values(rows).execute();
        }
      });
      return id;
    });
  }

  listRuns(filter: RunFilter = {}): Promise<StoredRun[]> {
    return this.#attempt(async () => {
      let query = selectRuns(this.#db).orderBy('at', 'desc').orderBy('id', 'desc');
      if (filter.board !== undefined) query = query.where('board', '=', filter.board);
      if (filter.modelHash !== undefined) query = query.where('model_hash', '=', filter.modelHash);
      if (filter.limit !== undefined) query = query.limit(filter.limit);
      return (await query.execute()).map(storedRun);
    });
  }

  readRun(id: string): Promise<{ run: StoredRun; measurements: Measurement[] } | null> {
    return this.#attempt(async () => {
      const run = await selectRuns(this.#db).where('id', '=', id).executeTakeFirst();
      if (run === undefined) return null;
      const rows = await selectValues(this.#db, id).execute();
      return { run: storedRun(run), measurements: rows.map(storedValue) };
    });
  }

  async close(): Promise<void> {
    // libsql closes the file only when its statements are collected, so bring the log home while we can.
    await sql`pragma wal_checkpoint(truncate)`.execute(this.#db).catch(() => undefined);
    await this.#db.destroy();
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.#reconnect();
      throw storeFailure(this.#path, error);
    }
  }

  /** libsql 0.5 leaves a statement that failed unfinished, and no later transaction of that connection can commit. */
  async #reconnect(): Promise<void> {
    await this.#db.destroy().catch(() => undefined);
    try {
      this.#db = connect(this.#path, this.#busyTimeoutMs);
    } catch {
      // The next call meets the closed connection and says so; the first failure is the one to report now.
    }
  }
}
