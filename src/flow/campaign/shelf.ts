/** What the units of one process share: the campaign, its store, the trials that run here, and the leases on them. */
import { clock } from '../../base/clock.js';
import { ReflowError } from '../../base/error.js';
import type { CampaignStore, Claim } from '../../store/campaign-store.js';
import type { Campaign, Place, Trial } from './campaign-file.js';
import type { Stage } from './outcome.js';
import { type RunningTrial, startTrial, type TrialEnding } from './trial-runner.js';

/** How long a store that does not answer is asked again: a server may be restarted under a campaign. */
const patienceMs = 120_000;

export class Shelf {
  readonly trialById: ReadonlyMap<string, Trial>;
  readonly #running = new Map<string, { readonly token: number; readonly trial: RunningTrial }>();
  #renewedMs = clock.nowMs();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(
    readonly campaign: Campaign,
    readonly store: CampaignStore,
    /** Temporary files of this process. */
    private readonly folder: string,
    /** Place of the store, for the record of flash. */
    private readonly storePlace: string,
    readonly say: (line: string) => void,
  ) {
    this.trialById = new Map(campaign.trials.map((trial) => [trial.id, trial]));
  }

  /** Renews the leases until `close`. */
  open(): void {
    const periodMs = (this.campaign.limits.leaseSeconds * 1000) / 5;
    this.#heartbeat = setInterval(() => void this.#renew(), periodMs);
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const { trial } of this.#running.values()) trial.stop();
  }

  /** Trials whose lease is lost are stopped: somebody else runs them, or soon will. */
  async #renew(): Promise<void> {
    try {
      const before = new Map(this.#running);
      const held = await this.store.renew();
      this.#renewedMs = clock.nowMs();
      for (const [id, { token, trial }] of before) if (held.get(id) !== token) trial.stop();
    } catch {
      const silentMs = clock.nowMs() - this.#renewedMs;
      if (silentMs > this.campaign.limits.leaseSeconds * 800)
        for (const { trial } of this.#running.values()) trial.stop();
    }
  }

  /** Asks the store again and again while it does not answer. */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    const giveUpMs = clock.nowMs() + patienceMs;
    for (let waitMs = 50; ; waitMs = Math.min(5000, 2 * waitMs)) {
      try {
        return await work();
      } catch (error) {
        const mayPass = error instanceof ReflowError && error.code === 'E_STORE';
        if (!mayPass || clock.nowMs() > giveUpMs) throw error;
        await clock.sleep(waitMs);
      }
    }
  }

  /** Runs the process of a trial under its claim; every stage goes into the journal. */
  async run(trial: Trial, claim: Claim, unit: string, port: string | null): Promise<TrialEnding> {
    let journal = Promise.resolve();
    const onStage = (stage: Stage) => {
      journal = journal.then(() => this.store.note(trial.id, unit, 'stage', stage).catch(() => undefined));
    };
    const running = startTrial(this.#request(trial, port, false), this.folder, onStage);
    this.#running.set(claim.id, { token: claim.token, trial: running });
    try {
      return await running.ended;
    } finally {
      this.#running.delete(claim.id);
      await journal;
    }
  }

  /** Runs a trial for the sake of the board; nothing is recorded. */
  check(trial: Trial, claim: Claim, port: string | null): Promise<TrialEnding> {
    const running = startTrial(this.#request(trial, port, true), this.folder, () => undefined);
    this.#running.set(claim.id, { token: claim.token, trial: running });
    return running.ended.finally(() => this.#running.delete(claim.id));
  }

  #request({ network, place, setting }: Trial, port: string | null, checkOnly: boolean) {
    const { repeat, limits } = this.campaign;
    return {
      ...{ network, port, setting, repeat, limits, checkOnly },
      board: place.board.id,
      cache: this.folder,
      store: this.storePlace,
    };
  }

  /** Ids of the trials of a place. */
  idsOf(place: Place): Set<string> {
    return new Set(this.campaign.trials.filter((trial) => trial.place === place).map(({ id }) => id));
  }

  /** Whether every trial of a place has ended, here or elsewhere. */
  async isDone(place: Place): Promise<boolean> {
    const ids = this.idsOf(place);
    const rows = await this.store.trials();
    return rows.every(({ id, state }) => state === 'finished' || !ids.has(id));
  }
}
