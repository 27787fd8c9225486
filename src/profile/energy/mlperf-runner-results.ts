/**
 * `results.json` of MLCommons' MLPerf Tiny runner (used for v1.3): a list with one entry per input. In an energy run
 * `power.samples` are joules per millisecond and `power.timestamps` pairs [event number, samples before the event]; the
 * runner measures between the LAST TWO events of an entry. Python writes missing readings as a bare NaN, which is not
 * JSON. Read from the runner's `script.py` and published results of NUCLEO-L4R5ZI-P.
 */
import { z } from 'zod';
import { ReflowError } from '../../base/error.js';
import { type Edge, type EnergyTrace, energyTrace } from './energy-trace.js';
import { type EnergyMeasurement, measureEnergy } from './measure-energy.js';
import { median } from './median.js';
import { SampleBuffer } from './sample-buffer.js';

/** The runner always samples its LPM01A at 1 kHz. */
const rateHz = 1000;

const entrySchema = z.object({
  file: z.string().optional(),
  infer: z.object({
    iterations: z.number().int().positive(),
    elapsed_time: z.number().optional(),
  }),
  power: z
    .object({
      samples: z.array(z.number().nullable()),
      timestamps: z.array(z.tuple([z.union([z.string(), z.number()]), z.number().int().nonnegative()])),
    })
    .optional(),
});

export interface RunnerTrial {
  readonly file: string | null;
  readonly inferences: number;
  /** Time of the measured loop by the device's own clock, microseconds; energy runs have none. */
  readonly elapsedUs: number | null;
  readonly trace: EnergyTrace | null;
}

/** Chunk-fed decoder: JSON has no useful prefix, so the text is kept until `finish`. */
export class RunnerResultsDecoder {
  readonly #decoder = new TextDecoder('utf-8');
  readonly #parts: string[] = [];

  push(chunk: Uint8Array): void {
    this.#parts.push(this.#decoder.decode(chunk, { stream: true }));
  }

  /** Throws ReflowError E_INPUT when the file is something else. */
  finish(): RunnerTrial[] {
    this.#parts.push(this.#decoder.decode());
    return parseRunnerTrials(this.#parts.join(''));
  }
}

export function parseRunnerTrials(text: string): RunnerTrial[] {
  let value: unknown;
  try {
    value = JSON.parse(withoutNaN(text));
  } catch (error) {
    throw notResults('it is not JSON', error);
  }
  // An entry {"error": ...} is the runner's note about a broken rule, not a trial.
  const entries = Array.isArray(value) ? value.filter((entry) => !isErrorNote(entry)) : value;
  const parsed = z.array(entrySchema).safeParse(entries);
  if (!parsed.success) throw notResults(z.prettifyError(parsed.error));
  return parsed.data.map((entry) => ({
    file: entry.file ?? null,
    inferences: entry.infer.iterations,
    elapsedUs: entry.infer.elapsed_time ?? null,
    trace: entry.power ? trialTrace(entry.power.samples, entry.power.timestamps) : null,
  }));
}

function trialTrace(
  values: readonly (number | null)[],
  timestamps: readonly (readonly [string | number, number])[],
): EnergyTrace {
  const buffer = new SampleBuffer();
  for (const value of values) buffer.push(value ?? Number.NaN);
  const warnings: string[] = [];
  const edges: Edge[] = [];
  for (const [event, index] of timestamps) {
    if (index > values.length) {
      warnings.push(`event ${event} lies behind the last sample`);
      continue;
    }
    const number = Number(event);
    edges.push({ timeS: index / rateHz, ...(Number.isSafeInteger(number) ? { number } : {}) });
  }
  return energyTrace({
    source: 'mlperf-runner',
    quantity: 'joules',
    samples: buffer.toArray(),
    clock: { kind: 'uniform', rateHz },
    gaps: buffer.gaps,
    edges: edges.slice(-2),
    warnings,
  });
}

/** Every trial measured by the runner's rule, and the median over them. */
export function measureRunnerTrials(trials: readonly RunnerTrial[]): {
  trials: EnergyMeasurement[];
  medianUj: number | null;
  lostEdges: number;
  warnings: string[];
} {
  const measured = trials.flatMap((trial) =>
    trial.trace
      ? [measureEnergy(trial.trace, { inferences: trial.inferences, expectedWindows: 1, leadingEdges: 0 })]
      : [],
  );
  const warnings = measured.flatMap((trial, i) => trial.warnings.map((warning) => `trial ${i}: ${warning}`));
  if (measured.length !== 5) warnings.push(`${measured.length} energy trials, 5 expected`);
  const values = measured.flatMap((trial) => trial.medianUj ?? []);
  return {
    trials: measured,
    medianUj: median(values),
    lostEdges: measured.reduce((sum, trial) => sum + trial.lostEdges, 0),
    warnings,
  };
}

/** Python's NaN and Infinity outside strings become null. */
function withoutNaN(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (match) =>
    match.startsWith('"') ? match : 'null',
  );
}

function isErrorNote(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && 'error' in entry && !('infer' in entry);
}

function notResults(why: string, cause?: unknown): ReflowError {
  return new ReflowError(
    'E_INPUT',
    `not a results.json of the MLPerf Tiny runner: ${why}`,
    'give the file of one session',
    {
      cause,
    },
  );
}
