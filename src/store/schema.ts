/** The tables of the store as kysely sees them, and the migrations that make them. Migrations are only ever added. */
import { type Kysely, type MigrationProvider, sql } from 'kysely';
import { counters } from './measurement.js';

export interface Schema {
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
    .addColumn('clock_hz', 'real')
    .addColumn('model_hash', 'text', (column) => column.notNull())
    .addColumn('plan_hash', 'text')
    .addColumn('image_hash', 'text')
    .addColumn('document', 'text')
    .execute();
  await db.schema
    .createTable('measurements')
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('metric', 'text', (column) => column.notNull())
    .addColumn('value', 'real', (column) => column.notNull())
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

/** Number of migrations that exist; kept in the file's `user_version`. */
export const schemaVersion = 1;

/** Migrations in code, by name; kysely runs them in the order of their names and remembers which it ran. */
export const migrations: MigrationProvider = {
  getMigrations: async () => ({ '001-runs-and-measurements': { up: firstTables } }),
};
