/**
 * Rows of the store's tables to and from the values that callers see.
 *
 * Reading casts every column: SQLite types values, not columns, and libsql 0.5 ends the whole process when a damaged file
 * hands it text that is not UTF-8. Text therefore travels as bytes and is decoded here, where it can fail politely.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from './database.js';
import type { Measurement, Run, StoredRun } from './measurement.js';
import type { Schema } from './schema.js';

type Cell = Uint8Array | string | number | null;
type Row = Readonly<Record<string, Cell>>;

type Kind = Database['kind'];

/** PostgreSQL's columns have types of their own. */
const text = (kind: Kind) => (name: string) =>
  kind === 'sqlite'
    ? sql<Cell>`cast(${sql.ref(name)} as blob)`.as(name)
    : sql<Cell>`${sql.ref(name)}`.as(name);
const real = (name: string) => sql<Cell>`cast(${sql.ref(name)} as double precision)`.as(name);

/** All runs, ready to be filtered and ordered; each row goes through `storedRun`. */
export function selectRuns(db: Kysely<Schema>, kind: Kind) {
  const texts = [
    'id',
    'at',
    'tool_version',
    'network',
    'board',
    'model_hash',
    'plan_hash',
    'image_hash',
    'document',
  ];
  return db.selectFrom('runs').select([...texts.map(text(kind)), real('clock_hz')]);
}

/** The values of one run in the order in which they were recorded; each row goes through `storedValue`. */
export function selectValues(db: Kysely<Schema>, kind: Kind, runId: string) {
  const columns = [
    ...['metric', 'unit', 'source', 'counter', 'op_kind'].map(text(kind)),
    real('value'),
    real('op_index'),
  ];
  const values = db.selectFrom('measurements').select(columns).where('run_id', '=', runId);
  return kind === 'sqlite' ? values.orderBy('position').orderBy(sql`rowid`) : values.orderBy('position');
}

/** A damaged cell, in the form in which SQLite reports damage. */
function corrupt(name: string): Error {
  return Object.assign(new Error(`column ${name} is damaged`), { code: 'SQLITE_CORRUPT' });
}

function textOrNull(row: Row, name: string): string | null {
  const cell = row[name] ?? null;
  if (cell === null) return null;
  if (typeof cell === 'number') throw corrupt(name);
  if (typeof cell === 'string') return cell;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(cell);
  } catch {
    throw corrupt(name);
  }
}

function textOf(row: Row, name: string): string {
  const value = textOrNull(row, name);
  if (value === null) throw corrupt(name);
  return value;
}

function numberOrNull(row: Row, name: string): number | null {
  const cell = row[name] ?? null;
  if (cell !== null && typeof cell !== 'number') throw corrupt(name);
  return cell;
}

export function runRow(id: string, run: Run): Schema['runs'] {
  return {
    id,
    at: run.at,
    tool_version: run.toolVersion,
    network: run.network,
    board: run.board,
    clock_hz: run.clockHz,
    model_hash: run.modelHash,
    plan_hash: run.planHash,
    image_hash: run.imageHash,
    document: run.document,
  };
}

export function storedRun(row: Row): StoredRun {
  return {
    id: textOf(row, 'id'),
    at: textOf(row, 'at'),
    toolVersion: textOf(row, 'tool_version'),
    network: textOf(row, 'network'),
    board: textOf(row, 'board'),
    clockHz: numberOrNull(row, 'clock_hz'),
    modelHash: textOf(row, 'model_hash'),
    planHash: textOrNull(row, 'plan_hash'),
    imageHash: textOrNull(row, 'image_hash'),
    document: textOrNull(row, 'document'),
  };
}

export function valueRow(runId: string, one: Measurement, position: number): Schema['measurements'] {
  return {
    run_id: runId,
    metric: one.metric,
    value: one.value,
    unit: one.unit,
    source: one.source,
    counter: one.counter,
    op_index: one.opIndex,
    op_kind: one.opKind,
    position,
  };
}

export function storedValue(row: Row): Measurement {
  const value = numberOrNull(row, 'value');
  if (value === null) throw corrupt('value');
  // The table's constraint has checked that counter, unit and source belong together.
  return {
    metric: textOf(row, 'metric'),
    value,
    counter: textOf(row, 'counter'),
    unit: textOf(row, 'unit'),
    source: textOf(row, 'source'),
    opIndex: numberOrNull(row, 'op_index'),
    opKind: textOrNull(row, 'op_kind'),
  } as Measurement;
}
