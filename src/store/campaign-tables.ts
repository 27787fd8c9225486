/** The tables of campaigns: trials with the leases on them, the boards that run them, and the journal of every step. */
import type { SchemaModule } from 'kysely';

/** What became of a trial; `waiting` and `running` are not the end. */
export const trialStates = ['waiting', 'running', 'finished'] as const;
export type TrialState = (typeof trialStates)[number];

export interface CampaignTables {
  trials: {
    campaign: string;
    /** Hash of what is tried: network, board, setting. */
    id: string;
    /** In words, for people with an SQL shell: `kws on virt-m4`. */
    title: string;
    /** The column of the campaign's matrix that it belongs to: only units of this name may run it. */
    place: string;
    state: TrialState;
    /** Times that it was started and ended by itself (not by the death of its host). */
    attempts: number;
    /** Grows with every start: what an earlier start still reports does not count any more. */
    token: number;
    owner: string | null;
    unit: string | null;
    /** Milliseconds since 1970 on the database's clock. */
    lease_until: number;
    outcome: string | null;
    message: string | null;
    /** JSON; null until it is finished. */
    result: string | null;
    run_id: string | null;
  };
  units: {
    unit: string;
    owner: string | null;
    lease_until: number;
    /** Why it takes no more trials; null when it is well. */
    quarantine: string | null;
    failures: number;
  };
  journal: {
    campaign: string;
    trial: string | null;
    at: string;
    owner: string;
    unit: string | null;
    event: string;
    detail: string | null;
  };
}

export async function campaignTables(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('trials')
    .addColumn('campaign', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('place', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('token', 'integer', (column) => column.notNull())
    .addColumn('owner', 'text')
    .addColumn('unit', 'text')
    .addColumn('lease_until', 'bigint', (column) => column.notNull())
    .addColumn('outcome', 'text')
    .addColumn('message', 'text')
    .addColumn('result', 'text')
    .addColumn('run_id', 'text')
    .addPrimaryKeyConstraint('one_row_per_trial', ['campaign', 'id'])
    .execute();
  await schema
    .createTable('units')
    .addColumn('unit', 'text', (column) => column.primaryKey())
    .addColumn('owner', 'text')
    .addColumn('lease_until', 'bigint', (column) => column.notNull())
    .addColumn('quarantine', 'text')
    .addColumn('failures', 'integer', (column) => column.notNull())
    .execute();
  await schema
    .createTable('journal')
    .addColumn('campaign', 'text', (column) => column.notNull())
    .addColumn('trial', 'text')
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('unit', 'text')
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('detail', 'text')
    .execute();
  await schema.createIndex('journal_of_campaign').on('journal').column('campaign').execute();
}
