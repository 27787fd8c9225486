/**
 * The database behind the store: one SQLite file, written by many processes at once, or a PostgreSQL server that several
 * hosts share. Write-ahead logging lets SQLite's readers and one writer work side by side; a second writer waits.
 */
import { dirname } from 'node:path';
import { Kysely, Migrator, PostgresDialect, type RawBuilder, SqliteDialect, sql } from 'kysely';
import Libsql from 'libsql';
import { makeFolder } from '../base/make-folder.js';
import { migrations, type Schema, schemaVersion } from './schema.js';
import { sqliteCode, storeFailure } from './store-failure.js';

export interface DatabaseOptions {
  /** How long a writer waits for another one (SQLite), or anybody for a connection (PostgreSQL). */
  readonly busyTimeoutMs?: number;
}

export interface Database {
  readonly kind: 'sqlite' | 'postgres';
  /** As messages name it: the path, or the address without its password. */
  readonly place: string;
  /** Milliseconds since 1970, by the one clock that all users of this database share. */
  readonly now: RawBuilder<number>;
  /** Does the work; rejects with ReflowError E_STORE or E_DISK_FULL. */
  attempt<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export const isPostgres = (place: string): boolean => /^postgres(ql)?:\/\//.test(place);

/**
 * Opens the database at `place`, a path or `postgres://user@host/name`, and brings its tables up to date; a missing SQLite
 * file and its folder are made.
 * @throws ReflowError E_STORE: damaged, locked, newer, not writable, no server there; E_DISK_FULL
 */
export async function openDatabase(place: string, options: DatabaseOptions = {}): Promise<Database> {
  const busyTimeoutMs = options.busyTimeoutMs ?? 10_000;
  return isPostgres(place) ? openPostgres(place, busyTimeoutMs) : openSqlite(place, busyTimeoutMs);
}

async function openSqlite(path: string, busyTimeoutMs: number): Promise<Database> {
  let db: Kysely<Schema> | null = null;
  try {
    db = connect(path, busyTimeoutMs);
    await migrateFile(db, 20);
    return new SqliteDatabase(path, busyTimeoutMs, db);
  } catch (error) {
    await db?.destroy().catch(() => undefined);
    throw storeFailure(path, error);
  }
}

function connect(path: string, busyTimeoutMs: number): Kysely<Schema> {
  makeFolder(dirname(path));
  const database = new Libsql(path);
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
async function migrateFile(db: Kysely<Schema>, attempts: number): Promise<void> {
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
  const elsewhere =
    sqliteCode(error).startsWith('SQLITE_BUSY') || /already exists|duplicate column/.test(String(error));
  if (attempts <= 1 || !elsewhere) throw error;
  await new Promise((resolve) => setTimeout(resolve, 25));
  await migrateFile(db, attempts - 1);
}

class SqliteDatabase implements Database {
  readonly kind = 'sqlite';
  readonly #busyTimeoutMs: number;
  #db: Kysely<Schema>;

  constructor(
    readonly place: string,
    busyTimeoutMs: number,
    db: Kysely<Schema>,
  ) {
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#db = db;
  }

  get now(): RawBuilder<number> {
    return sql<number>`${Date.now()}`;
  }

  async attempt<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    try {
      return await work(this.#db);
    } catch (error) {
      await this.#reconnect();
      throw storeFailure(this.place, error);
    }
  }

  /** libsql 0.5 leaves a statement that failed unfinished, and no later transaction of that connection can commit. */
  async #reconnect(): Promise<void> {
    await this.#db.destroy().catch(() => undefined);
    try {
      this.#db = connect(this.place, this.#busyTimeoutMs);
    } catch {
      // The next call meets the closed connection and says so; the first failure is the one to report now.
    }
  }

  async close(): Promise<void> {
    // libsql closes the file only when its statements are collected, so bring the log home while we can.
    await sql`pragma wal_checkpoint(truncate)`.execute(this.#db).catch(() => undefined);
    await this.#db.destroy();
  }
}

async function openPostgres(address: string, busyTimeoutMs: number): Promise<Database> {
  const place = address.replace(/\/\/([^:@/]*):[^@/]*@/, '//$1@');
  // Loaded when it is needed: most stores are files.
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: address,
    connectionTimeoutMillis: busyTimeoutMs,
    max: 4,
  });
  // A connection that the server ends while it is idle is replaced by the next query.
  pool.on('error', () => undefined);
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  try {
    // The migrator takes a lock of the server: hosts that come at once wait for each other.
    const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest();
    if (error !== undefined) throw error;
  } catch (error) {
    await db.destroy().catch(() => undefined);
    throw storeFailure(place, error);
  }
  return {
    kind: 'postgres',
    place,
    now: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
    attempt: (work) =>
      work(db).catch((error) => {
        throw storeFailure(place, error);
      }),
    close: () => db.destroy(),
  };
}
