/** One board of the shelf: takes trials of its place one after the other until there are none, or until it is sick. */
import { clock } from '../../base/clock.js';
import { processes } from '../../base/processes.js';
import type { Claim } from '../../store/campaign-store.js';
import type { Place, Trial, UnitSpec } from './campaign-file.js';
import type { Verdict } from './outcome.js';
import type { Shelf } from './shelf.js';

export interface Unit {
  /** The same for everybody who would use the same board. */
  readonly id: string;
  readonly place: Place;
  readonly spec: UnitSpec;
}

const pollMs = 500;
/** A board that failed its check gets so many further chances, each after a reset. */
const secondChances = 2;

/** @returns why the unit takes no more trials; null when there were none left */
export async function workOff(shelf: Shelf, unit: Unit): Promise<string | null> {
  const { store } = shelf;
  const known = shelf.idsOf(unit.place);
  try {
    for (;;) {
      const lease = await shelf.patiently(() => store.takeUnit(unit.id));
      if (lease !== null && lease.quarantine !== null) return lease.quarantine;
      const claim = lease && (await shelf.patiently(() => store.claim(unit.place.name, unit.id, known)));
      if (claim) {
        const sick = await new Attempt(shelf, unit, claim).run();
        if (sick !== null) return sick;
      } else {
        // Others may die with trials in hand, so one waits for them to end.
        if (await shelf.patiently(() => shelf.isDone(unit.place))) return null;
        await clock.sleep(pollMs);
      }
    }
  } finally {
    await store.releaseUnit(unit.id).catch(() => undefined);
  }
}

class Attempt {
  readonly #trial: Trial;

  constructor(
    private readonly shelf: Shelf,
    private readonly unit: Unit,
    private readonly claim: Claim,
  ) {
    this.#trial = shelf.trialById.get(claim.id)!;
  }

  get #port(): string | null {
    return this.unit.spec.port ?? null;
  }

  /** @returns why the unit is in quarantine; null when it may go on */
  async run(): Promise<string | null> {
    const ending = await this.shelf.run(this.#trial, this.claim, this.unit.id, this.#port);
    if (ending.kind === 'stopped') {
      await this.#giveBack(false, 'stopped');
      return null;
    }
    if (ending.kind === 'report') {
      const { result, run, measurements, isTight } = ending.report;
      await this.#finish({
        outcome: isTight ? 'done' : 'noisy',
        message: null,
        result: JSON.stringify(result),
        run: { run, measurements },
      });
      return null;
    }
    return this.#failed(ending.verdict, ending.message);
  }

  async #failed(verdict: Verdict, message: string): Promise<string | null> {
    if (verdict.fault === 'host') {
      await this.#giveBack(false, message);
      return this.#quarantine(message);
    }
    if (verdict.fault === 'board' && !(await this.#isWell())) {
      await this.#giveBack(false, `${verdict.outcome}: ${message}`);
      return this.#quarantine(`${verdict.outcome}: ${message}`);
    }
    const isLast =
      verdict.fault === 'network' || this.claim.attempts + 1 >= this.shelf.campaign.limits.attempts;
    if (isLast) await this.#finish({ outcome: verdict.outcome, message, result: null, run: null });
    else await this.#giveBack(true, `${verdict.outcome}: ${message}`);
    return null;
  }

  /** Resets the board and lets it run a network that is known to run, or at least is another one. */
  async #isWell(): Promise<boolean> {
    const probes = await this.#probes();
    for (let chance = 0; chance <= secondChances; chance++) {
      await this.#reset();
      for (const probe of probes) {
        const ending = await this.shelf.check(probe, this.claim, this.#port);
        const isBoards = ending.kind === 'failed' && ending.verdict.fault !== 'network';
        // Stopped: the lease is lost, and with it the right to judge.
        if (!isBoards) return true;
      }
      if (probes.length === 0) return true;
      await clock.sleep(1000 * (chance + 1));
    }
    return false;
  }

  /** One network that has run on this place, else the two smallest others. */
  async #probes(): Promise<Trial[]> {
    const rows = await this.shelf.patiently(() => this.shelf.store.trials());
    const ran = new Set(rows.filter(({ outcome }) => outcome === 'done').map(({ id }) => id));
    const others = this.shelf.campaign.trials
      .filter(({ place, network }) => place === this.unit.place && network !== this.#trial.network)
      .sort((a, b) => a.networkBytes - b.networkBytes);
    const proven = others.find(({ id }) => ran.has(id));
    return proven ? [proven] : others.slice(0, 2);
  }

  async #reset(): Promise<void> {
    const [program, ...args] = this.unit.spec.reset ?? [];
    if (program === undefined) return;
    const reset = { program, args, timeoutMs: 60_000, install: `correct "reset" of ${this.unit.id}` };
    await processes.exec(reset).catch((error: Error) => this.shelf.say(`${this.unit.id}: ${error.message}`));
  }

  async #quarantine(why: string): Promise<string> {
    await this.shelf.patiently(() => this.shelf.store.judgeUnit(this.unit.id, secondChances + 1, why));
    this.shelf.say(`${this.unit.place.name}: ${this.unit.id} is in quarantine: ${why}`);
    return why;
  }

  async #finish(end: Parameters<Shelf['store']['finish']>[1]): Promise<void> {
    const ended = await this.shelf.patiently(() => this.shelf.store.finish(this.claim, end));
    const what = ended === 'lost' ? 'was taken over by another host' : end.outcome;
    this.shelf.say(`${this.#trial.title}: ${what}${end.message ? `: ${end.message}` : ''}`);
  }

  async #giveBack(counts: boolean, why: string): Promise<void> {
    await this.shelf.patiently(() => this.shelf.store.giveBack(this.claim, counts, why));
    this.shelf.say(`${this.#trial.title}: will be tried again (${why})`);
  }
}
