/** What a meter saw before, from files, to microjoules per inference. */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReflowError } from '../../base/error.js';
import { files } from '../../base/files.js';
import { parseRunnerResults } from '../../profile/energy/eembc-results.js';
import { decodeEembcTrace } from '../../profile/energy/eembc-trace.js';
import { EnergyCsvDecoder } from '../../profile/energy/energy-csv.js';
import type { EnergyTrace } from '../../profile/energy/energy-trace.js';
import { type EnergyMeasurement, measureEnergy } from '../../profile/energy/measure-energy.js';
import { measureRunnerTrials, parseRunnerTrials } from '../../profile/energy/mlperf-runner-results.js';
import { TegrastatsDecoder } from '../../profile/energy/tegrastats.js';
import { type EnergySpec, inferencesSetting, numberSetting, windowsSetting } from './energy-spec.js';

export interface CaptureReading {
  readonly windows: EnergyMeasurement['windows'];
  readonly medianUj: number | null;
  readonly lostEdges: number;
  readonly alternative: EnergyMeasurement['alternative'];
  readonly warnings: readonly string[];
  readonly caveats: readonly string[];
  /** What the runner itself said; null when its results are not beside the capture. */
  readonly submittedUj: number | null;
}

/** @throws ReflowError E_FILE, E_INPUT for what is no such capture, E_USAGE when the number of inferences is not known */
export async function readCapture(spec: EnergySpec): Promise<CaptureReading> {
  if (spec.kind === 'mlperf-results') return readTrials(await text(spec.place));
  if (spec.kind === 'trace') return readEembc(spec);
  const decoder =
    spec.kind === 'csv'
      ? new EnergyCsvDecoder(csvOptions(spec))
      : new TegrastatsDecoder(numberSetting(spec, 'period', 1000));
  decoder.push(await files.read(spec.place));
  const leadingEdges = Number(spec.settings.get('leading') ?? 0);
  return { ...measured(spec, decoder.finish(), null, leadingEdges), submittedUj: null };
}

const text = async (path: string) => Buffer.from(await files.read(path)).toString();

function csvOptions(spec: EnergySpec) {
  const marker = spec.settings.get('marker');
  const volts = spec.settings.has('volts') ? numberSetting(spec, 'volts', 0) : undefined;
  return { ...(volts !== undefined && { volts }), ...(marker !== undefined && { marker }) };
}

/** A folder, or the file with the energies; time stamps and the runner's results lie beside it. */
async function readEembc(spec: EnergySpec): Promise<CaptureReading> {
  const isFolder = await stat(spec.place).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const energy = isFolder ? join(spec.place, 'trace1-energy.bin') : spec.place;
  const timestamps = energy.replace(/energy\.bin$/, 'timestamps.json');
  if (timestamps === energy)
    throw new ReflowError('E_INPUT', `${energy} is no EEMBC trace`, 'name traceN-energy.bin or its folder');
  const results = await text(join(dirname(energy), 'results.txt')).then(parseRunnerResults, () => null);
  const trace = decodeEembcTrace(await files.read(energy), await text(timestamps));
  return { ...measured(spec, trace, results?.inferences ?? null, 1), submittedUj: results?.medianUj ?? null };
}

function measured(
  spec: EnergySpec,
  trace: EnergyTrace,
  counted: readonly number[] | null,
  leadingEdges: number,
): EnergyMeasurement {
  const windowsS = windowsSetting(spec);
  const inferences = inferencesSetting(spec) ?? counted;
  if (inferences === null || inferences.length === 0) {
    throw new ReflowError(
      'E_USAGE',
      `how many inferences a window of ${spec.place} holds is not known`,
      `say it: ${spec.place},n=100`,
    );
  }
  const same = new Set(inferences).size === 1;
  return measureEnergy(trace, {
    inferences: same ? inferences[0]! : inferences,
    leadingEdges,
    ...(windowsS === null ? { expectedWindows: expectedWindows(spec, trace, leadingEdges) } : { windowsS }),
  });
}

/** MLPerf's five; a free CSV holds as many as it has pairs of edges. */
function expectedWindows({ kind }: EnergySpec, { edges }: EnergyTrace, leadingEdges: number): number {
  return kind === 'trace' ? 5 : Math.max(1, Math.ceil((edges.length - leadingEdges) / 2));
}

function readTrials(json: string): CaptureReading {
  const { trials, medianUj, lostEdges, warnings } = measureRunnerTrials(parseRunnerTrials(json));
  return {
    windows: trials.flatMap(({ windows }) => windows),
    medianUj,
    lostEdges,
    alternative: null,
    warnings,
    caveats: trials[0]?.caveats ?? [],
    submittedUj: null,
  };
}
