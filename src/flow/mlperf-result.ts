/** What a performance run by MLPerf Tiny's rules returns. */
import type { Cost, CostSource } from './results.js';

/** A performance run by MLPerf Tiny's rules; the cost is the median over the windows, of one inference. */
export type MlperfResult = {
  readonly network: string;
  readonly board: string;
  readonly clockHz: number | null;
  readonly source: CostSource;
  /** What the device calls itself. */
  readonly vendor: string;
  /** When a window is long enough: ten seconds or ten inferences, both, or ten seconds over all (MLCommons' runner). */
  readonly rule: 'either' | 'both' | 'mlcommons';
  readonly windows: readonly {
    readonly inferences: number;
    readonly warmups: number;
    /** By the device's own clock; an emulator's microsecond is a thousand instructions. */
    readonly elapsedUs: number | null;
  }[];
  readonly valid: boolean;
  /** Every rule that the run breaks. */
  readonly violations: readonly string[];
  readonly arenaBytes: number;
  readonly modelHash: string;
  readonly planHash: string;
  readonly imageHash: string;
  readonly runId: string;
} & Cost;
