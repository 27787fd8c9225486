/**
 * A campaign in the store: which trials there are, who runs which under a lease, what came of them, and a journal of every
 * step. Several processes on several hosts work on it at once; each statement here is atomic.
 *
 * A trial is started by whoever turns its row from `waiting` to `running` and renews the lease while it runs. Every start
 * takes a new token, and only its holder can finish the trial: the run with its values and the end of the trial are one
 * transaction, so a killed process leaves both or neither.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from './database.js';
import type { Measurement, Run } from './measurement.js';
import type { Schema } from './schema.js';
import { insertRun } from './store.js';

export interface Enrolled {
  readonly id: string;
  readonly title: string;
  readonly place: string;
}

export interface Claim {
  readonly id: string;
  readonly token: number;
  /** Starts that ended by themselves before this one. */
  readonly attempts: number;
}

export interface TrialEnd {
  readonly outcome: string;
  readonly message: string | null;
  /** JSON. */
  readonly result: string | null;
  readonly run: { readonly run: Run; readonly measurements: readonly Measurement[] } | null;
}

export type TrialRow = Pick<
  Schema['trials'],
  | 'id'
  | 'title'
  | 'place'
  | 'state'
  | 'attempts'
  | 'owner'
  | 'unit'
  | 'outcome'
  | 'message'
  | 'result'
  | 'run_id'
>;

export type UnitRow = Pick<Schema['units'], 'unit' | 'owner' | 'quarantine' | 'failures'>;
export type JournalRow = Omit<Schema['journal'], 'campaign'>;

export class CampaignStore {
  /**
   * @param campaign its name
   * @param owner this process, as no other process of any host calls itself
   * @param leaseMs how long a lease lasts that is not renewed
   */
  constructor(
    private readonly database: Database,
    private readonly campaign: string,
    private readonly owner: string,
    private readonly leaseMs: number,
  ) {}

  get #until() {
    return sql<number>`${this.database.now} + ${sql.lit(Math.round(this.leaseMs))}`;
  }

  /** Adds trials that the campaign does not have yet. */
  enroll(trials: readonly Enrolled[]): Promise<void> {
    return this.database.attempt(async (db) => {
      for (let begin = 0; begin < trials.length; begin += 200) {
        const rows = trials.slice(begin, begin + 200).map((trial) => ({
          ...trial,
          campaign: this.campaign,
          state: 'waiting' as const,
          attempts: 0,
          token: 0,
          lease_until: 0,
        }));
        await db
          .insertInto('trials')
          .values(rows)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    });
  }

  /** Makes the campaign's finished trials with these outcomes wait again, as if they had never been run. */
  reopen(outcomes: readonly string[] | 'all'): Promise<void> {
    return this.database.attempt(async (db) => {
      let update = db
        .updateTable('trials')
        .set({ state: 'waiting', attempts: 0, outcome: null, message: null, result: null, run_id: null })
        .where('campaign', '=', this.campaign)
        .where('state', '=', 'finished');
      if (outcomes !== 'all') update = update.where('outcome', 'in', [...outcomes]);
      await update.execute();
      await this.#note(db, null, null, 'reopened', outcomes === 'all' ? 'all' : outcomes.join(' '));
    });
  }

  /** Owners that hold leases, to be judged by who can tell whether they live. */
  owners(): Promise<string[]> {
    return this.database.attempt(async (db) => {
      const trials = await db
        .selectFrom('trials')
        .select('owner')
        .distinct()
        .where('state', '=', 'running')
        .execute();
      const units = await db
        .selectFrom('units')
        .select('owner')
        .distinct()
        .where('owner', 'is not', null)
        .execute();
      return [...new Set([...trials, ...units].flatMap(({ owner }) => owner ?? []))];
    });
  }

  /** Ends all leases of an owner that is known to be dead. */
  bury(owner: string): Promise<void> {
    return this.database.attempt(async (db) => {
      await db
        .updateTable('trials')
        .set({ lease_until: 0 })
        .where('owner', '=', owner)
        .where('state', '=', 'running')
        .execute();
      await db.updateTable('units').set({ owner: null, lease_until: 0 }).where('owner', '=', owner).execute();
    });
  }

  /** Takes the lease of a unit; null when somebody else has it. */
  takeUnit(unit: string): Promise<UnitRow | null> {
    return this.database.attempt(async (db) => {
      await db
        .insertInto('units')
        .values({ unit, owner: null, lease_until: 0, quarantine: null, failures: 0 })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const row = await db
        .updateTable('units')
        .set({ owner: this.owner, lease_until: this.#until })
        .where('unit', '=', unit)
        .where(({ or, eb }) =>
          or([
            eb('owner', 'is', null),
            eb('owner', '=', this.owner),
            eb('lease_until', '<', this.database.now),
          ]),
        )
        .returning(['unit', 'owner', 'quarantine', 'failures'])
        .executeTakeFirst();
      return row ?? null;
    });
  }

  releaseUnit(unit: string): Promise<void> {
    return this.database.attempt(async (db) => {
      await db
        .updateTable('units')
        .set({ owner: null, lease_until: 0 })
        .where('unit', '=', unit)
        .where('owner', '=', this.owner)
        .execute();
    });
  }

  /** @param quarantine why the unit takes no more trials; null lifts it */
  judgeUnit(unit: string, failures: number, quarantine: string | null): Promise<void> {
    return this.database.attempt(async (db) => {
      await db.updateTable('units').set({ failures, quarantine }).where('unit', '=', unit).execute();
      if (quarantine !== null) await this.#note(db, null, unit, 'quarantined', quarantine);
    });
  }

  /** Starts one trial of a place that nobody runs, the least tried first; null when there is none. */
  claim(place: string, unit: string, known: ReadonlySet<string>): Promise<Claim | null> {
    return this.database.attempt(async (db) => {
      const open = await this.#open(db)
        .select(['id'])
        .where('place', '=', place)
        .orderBy('attempts')
        .orderBy('title')
        .orderBy('id')
        .execute();
      for (const { id } of open) {
        if (!known.has(id)) continue;
        const claimed = await this.#start(db, id, unit);
        if (claimed) return claimed;
      }
      return null;
    });
  }

  #open(db: Kysely<Schema>) {
    return db
      .selectFrom('trials')
      .where('campaign', '=', this.campaign)
      .where(({ or, and, eb }) =>
        or([
          eb('state', '=', 'waiting'),
          and([eb('state', '=', 'running'), eb('lease_until', '<', this.database.now)]),
        ]),
      );
  }

  /** Of all who try at once, one gets the row: the others find it changed. */
  async #start(db: Kysely<Schema>, id: string, unit: string): Promise<Claim | null> {
    return db.transaction().execute(async (transaction) => {
      const row = await transaction
        .updateTable('trials')
        .set((eb) => ({
          state: 'running',
          owner: this.owner,
          unit,
          token: eb('token', '+', 1),
          lease_until: this.#until,
        }))
        .where('campaign', '=', this.campaign)
        .where('id', '=', id)
        .where(({ or, and, eb }) =>
          or([
            eb('state', '=', 'waiting'),
            and([eb('state', '=', 'running'), eb('lease_until', '<', this.database.now)]),
          ]),
        )
        .returning(['id', 'token', 'attempts'])
        .executeTakeFirst();
      if (!row) return null;
      await this.#note(transaction, id, unit, 'started', `token ${row.token}`);
      return row;
    });
  }

  /** Renews all leases of this process; resolves to the tokens of the trials that are still its own, by id. */
  renew(): Promise<ReadonlyMap<string, number>> {
    return this.database.attempt(async (db) => {
      await db
        .updateTable('units')
        .set({ lease_until: this.#until })
        .where('owner', '=', this.owner)
        .execute();
      const rows = await db
        .updateTable('trials')
        .set({ lease_until: this.#until })
        .where('campaign', '=', this.campaign)
        .where('owner', '=', this.owner)
        .where('state', '=', 'running')
        .returning(['id', 'token'])
        .execute();
      return new Map(rows.map(({ id, token }) => [id, token]));
    });
  }

  /**
   * Ends a trial with its run, all or nothing.
   * @returns the run's id (null for none); `lost` when the trial was not ours any more, and then nothing is written
   */
  finish({ id, token }: Claim, end: TrialEnd): Promise<{ runId: string | null } | 'lost'> {
    return this.database.attempt((db) =>
      db.transaction().execute(async (transaction) => {
        const row = await this.#held(transaction, id, token)
          .set((eb) => ({
            state: 'finished',
            attempts: eb('attempts', '+', 1),
            outcome: end.outcome,
            message: end.message,
            result: end.result,
            lease_until: 0,
          }))
          .returning(['unit'])
          .executeTakeFirst();
        if (!row) return 'lost' as const;
        const runId = end.run ? await insertRun(transaction, end.run.run, end.run.measurements) : null;
        await transaction
          .updateTable('trials')
          .set({ run_id: runId })
          .where('campaign', '=', this.campaign)
          .where('id', '=', id)
          .execute();
        await this.#note(transaction, id, row.unit, 'finished', end.outcome);
        return { runId };
      }),
    );
  }

  /** Lets a trial wait again. @param counts whether this start counts as an attempt */
  giveBack({ id, token }: Claim, counts: boolean, why: string): Promise<void> {
    return this.database.attempt(async (db) => {
      const row = await this.#held(db, id, token)
        .set((eb) => ({
          state: 'waiting',
          owner: null,
          lease_until: 0,
          attempts: eb('attempts', '+', counts ? 1 : 0),
        }))
        .returning(['unit'])
        .executeTakeFirst();
      if (row) await this.#note(db, id, row.unit, 'given back', why);
    });
  }

  #held(db: Kysely<Schema>, id: string, token: number) {
    return db
      .updateTable('trials')
      .where('campaign', '=', this.campaign)
      .where('id', '=', id)
      .where('token', '=', token)
      .where('owner', '=', this.owner)
      .where('state', '=', 'running');
  }

  /** Writes a step of a trial (or of the whole campaign) into the journal. */
  note(trial: string | null, unit: string | null, event: string, detail: string | null): Promise<void> {
    return this.database.attempt((db) => this.#note(db, trial, unit, event, detail));
  }

  async #note(
    db: Kysely<Schema>,
    trial: string | null,
    unit: string | null,
    event: string,
    detail: string | null,
  ): Promise<void> {
    const row = { campaign: this.campaign, trial, unit, event, detail, owner: this.owner };
    await db
      .insertInto('journal')
      .values({ ...row, at: new Date().toISOString() })
      .execute();
  }

  /** Every trial of the campaign. */
  trials(): Promise<TrialRow[]> {
    return this.database.attempt((db) =>
      db
        .selectFrom('trials')
        .select([
          'id',
          'title',
          'place',
          'state',
          'attempts',
          'owner',
          'unit',
          'outcome',
          'message',
          'result',
          'run_id',
        ])
        .where('campaign', '=', this.campaign)
        .execute(),
    );
  }

  /** The journal in the order of time. */
  journal(): Promise<JournalRow[]> {
    return this.database.attempt((db) =>
      db
        .selectFrom('journal')
        .select(['trial', 'at', 'owner', 'unit', 'event', 'detail'])
        .where('campaign', '=', this.campaign)
        .orderBy('at')
        .execute(),
    );
  }
}
