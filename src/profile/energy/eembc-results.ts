/**
 * What a runner printed about a run: `results.txt` of EEMBC's EnergyRunner (MLPerf Tiny up to v1.2) and of MLCommons'
 * runner (v1.3). Needed for the number of inferences per window, which trace files do not hold, and to compare with.
 */
import { LineSplitter } from './line-splitter.js';

export interface RunnerResults {
  /** One per window. */
  readonly inferences: readonly number[];
  readonly windowEnergyUj: readonly number[];
  readonly ujPerInference: readonly number[];
  readonly medianUj: number | null;
  readonly runtimeS: readonly number[];
  readonly medianThroughput: number | null;
  /** Lines `e-[...]`: the runner's own complaints. */
  readonly errors: readonly string[];
}

/** Reads what it knows and ignores every other line. Never throws. */
export function parseRunnerResults(text: string): RunnerResults {
  const splitter = new LineSplitter();
  const lines = splitter.push(`${text}\n`);
  const all = (pattern: RegExp) =>
    lines.flatMap((line) => {
      const value = Number(pattern.exec(line)?.[1] ?? Number.NaN);
      return Number.isFinite(value) ? [value] : [];
    });
  const number = '(\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?)';
  return {
    inferences: all(new RegExp(`Inferences\\s*:\\s*${number}`)),
    windowEnergyUj: all(new RegExp(`(?:Total )?Energy\\s*:\\s*${number} uJ\\s*$`)),
    ujPerInference: all(new RegExp(`Energy/Inf\\.?\\s*:\\s*${number} uJ/inf`)),
    medianUj: all(new RegExp(`Median energy cost is\\s+${number} uJ/inf`)).at(-1) ?? null,
    runtimeS: all(new RegExp(`(?:Runtime|Elapsed time)\\s*:\\s*${number}`)),
    medianThroughput: all(new RegExp(`Median throughput is\\s+${number} inf`)).at(-1) ?? null,
    errors: lines.flatMap((line) => /e-\[(.*)\]/.exec(line)?.[1] ?? []),
  };
}
