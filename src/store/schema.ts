/** The tables of the store as kysely sees them, and the migrations that make them. Migrations are only ever added. */
import { type Kysely, type MigrationProvider, sql } from 'kysely';
import { type CampaignTables, campaignTables } from './campaign-tables.js';
import { counters } from './measurement.js';

export interface Schema extends CampaignTables {
  runs: {
    id: string;
    at: string;
    tool_version: string;
    network: string;
    board: string;
    clock_hz: number | null;
    model_hash: string;
    plan_hash: string | null;
    image_hash: string | null;
    document: string | null;
  };
  measurements: {
    run_id: string;
    metric: string;
    value: number;
    unit: string;
    source: string;
    counter: string;
    op_index: number | null;
    op_kind: string | null;
    /** Place in the run's list of values; null in files of the first version, where the order of rows says it. */
    position: number | null;
  };
  /** The boards that reflow has flashed. */
  flash_devices: {
    /** The chip's unique id in hex, or board and port for ways that do not learn it. */
    device: string;
    board: string;
    /** Where it was seen last. */
    port: string;
    /** JSON: bytes of the image that it was flashed with last, which tell whether somebody else has flashed it since. */
    witnesses: string;
  };
  /** What reflow last did to a sector of such a board. */
  flash_sectors: {
    device: string;
    address: number;
    /** SHA-256 of the content that was verified; null from the moment of an erase. */
    hash: string | null;
    /** Times that reflow erased it. */
    erases: number;
  };
}

/** SQL that holds only for the pairings of counter, unit and source in `counters`. */
function pairings(): string {
  return Object.entries(counters)
    .map(([counter, { unit, sources }]) => {
      const list = sources.map((source) => `'${source}'`).join(', ');
      return `(counter = '${counter}' and unit = '${unit}' and source in (${list}))`;
    })
    .join(' or ');
}

async function firstTables(db: Kysely<Schema>): Promise<void> {
  await db.schema
    .createTable('runs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('tool_version', 'text', (column) => column.notNull())
    .addColumn('network', 'text', (column) => column.notNull())
    .addColumn('board', 'text', (column) => column.notNull())
    .addColumn('clock_hz', 'double precision')
    .addColumn('model_hash', 'text', (column) => column.notNull())
    .addColumn('plan_hash', 'text')
    .addColumn('image_hash', 'text')
    .addColumn('document', 'text')
    .execute();
  await db.schema
    .createTable('measurements')
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('metric', 'text', (column) => column.notNull())
    .addColumn('value', 'double precision', (column) => column.notNull())
    .addColumn('unit', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('counter', 'text', (column) => column.notNull())
    .addColumn('op_index', 'integer')
    .addColumn('op_kind', 'text')
    .addCheckConstraint('kinds_never_mix', sql.raw<boolean>(pairings()))
    .execute();
  await db.schema.createIndex('measurements_of_run').on('measurements').column('run_id').execute();
  await db.schema.createIndex('runs_by_time').on('runs').column('at').execute();
  // One flat row per value, with all that DESIGN.md says a value carries; for people with an SQL shell.
  await sql`create view measurement_rows as
    select m.metric, m.value, m.unit, m.source, m.counter, m.op_index, m.op_kind, r.board, r.clock_hz, r.network,
      r.model_hash, r.plan_hash, r.image_hash, r.id as run_id, r.at as run_at, r.tool_version
    from measurements m join runs r on r.id = m.run_id`.execute(db);
}

async function secondTables(db: Kysely<Schema>): Promise<void> {
  await db.schema.alterTable('measurements').addColumn('position', 'integer').execute();
  await db.schema
    .createTable('flash_sectors')
    .addColumn('device', 'text', (column) => column.notNull())
    .addColumn('address', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text')
    .addColumn('erases', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('one_row_per_sector', ['device', 'address'])
    .execute();
  await db.schema
    .createTable('flash_devices')
    .addColumn('device', 'text', (column) => column.primaryKey())
    .addColumn('board', 'text', (column) => column.notNull())
    .addColumn('port', 'text', (column) => column.notNull())
    .addColumn('witnesses', 'text', (column) => column.notNull())
    .execute();
  await campaignTables(db.schema);
}

/** Number of migrations that exist; kept in a SQLite file's `user_version`. */
export const schemaVersion = 2;

/** Migrations in code, by name; kysely runs them in the order of their names and remembers which it ran. */
export const migrations: MigrationProvider = {
  getMigrations: async () => ({
    '001-runs-and-measurements': { up: firstTables },
    '002-campaigns-and-sectors': { up: secondTables },
  }),
};
