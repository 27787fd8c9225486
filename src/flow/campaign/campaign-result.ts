/** What a campaign is asked and what it answers. */
import type { TrialResult } from './run-trial.js';

export interface CampaignRequest {
  /** Path of the campaign's file. */
  readonly file: string;
  readonly store: string;
  /** `show`: only what is known so far. */
  readonly action: 'run' | 'show';
  /** Name of this host in the file; null: what the system calls it. */
  readonly host: string | null;
  /** Finished trials to run again: those that failed, or all; units leave their quarantine. */
  readonly again: 'failed' | 'all' | null;
}

export interface CampaignRow {
  readonly network: string;
  /** The place: a board's id, or the name that the file gives it. */
  readonly board: string;
  readonly setting: string;
  /** An outcome, or `waiting` or `running`. */
  readonly outcome: string;
  readonly message: string | null;
  readonly result: TrialResult | null;
}

export interface QuarantinedUnit {
  readonly unit: string;
  readonly why: string;
}

export interface CampaignResult {
  readonly campaign: string;
  readonly store: string;
  readonly action: 'run' | 'show';
  /** Whether every trial has ended. */
  readonly complete: boolean;
  readonly trials: number;
  readonly finished: number;
  /** In the file's order. What emulators count is the same however often the campaign was interrupted. */
  readonly table: readonly CampaignRow[];
  /** Who did it: differs from campaign to campaign. */
  readonly runs: readonly {
    readonly title: string;
    readonly unit: string | null;
    /** Starts that ended by themselves. */
    readonly attempts: number;
    /** Id of the run in the store; see `reflow report --run`. */
    readonly runId: string | null;
  }[];
  readonly quarantined: readonly QuarantinedUnit[];
}
