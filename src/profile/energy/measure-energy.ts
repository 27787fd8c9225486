/** From a trace and the number of inferences per window to microjoules per inference, with everything that is doubtful. */
import { ReflowError } from '../../base/error.js';
import { type EnergyTrace, lostSamples } from './energy-trace.js';
import { cutWindow, type EnergyWindow } from './energy-window.js';
import { median } from './median.js';
import { pairEdges } from './pair-edges.js';
import { steadiness } from './steadiness.js';

export interface MeasureOptions {
  /** Inferences in every window, or one number per window in order of time. */
  readonly inferences: number | readonly number[];
  /** Default 5 (MLPerf Tiny: five inputs, one window each). */
  readonly expectedWindows?: number;
  /** Default 1 (MLPerf Tiny: the device stamps its start-up too). */
  readonly leadingEdges?: number;
  /** See PairingRule. */
  readonly firstNumber?: number;
  /** Measuring windows by time instead of by edges. */
  readonly windowsS?: readonly { readonly startS: number; readonly endS: number }[];
  /** A window that lost a larger share of its samples does not count for the median. Default 1e-4. */
  readonly maxLostFraction?: number;
}

export interface MeasuredWindow extends EnergyWindow {
  readonly inferences: number;
  readonly ujPerInference: number;
  /** False: too many samples are missing; the window is shown but not counted. */
  readonly counted: boolean;
}

export interface EnergyMeasurement {
  readonly windows: readonly MeasuredWindow[];
  /** Median energy of one inference over the counted windows, microjoules; null when no window counts. */
  readonly medianUj: number | null;
  readonly lostEdges: number;
  /** Edges that belong to no window. */
  readonly unpairedS: readonly number[];
  /**
   * Another reading of the same edges, offered and never chosen, when edges were lost and the power between the windows
   * looks more like a measurement than the power inside them.
   */
  readonly alternative: { readonly medianUj: number; readonly reason: string } | null;
  readonly warnings: readonly string[];
  readonly caveats: readonly string[];
}

/**
 * Energy per inference: the median over windows of (energy of the window / inferences in it), MLPerf Tiny's rule.
 * Throws ReflowError E_USAGE for counts that are not positive whole numbers or do not match the windows.
 */
export function measureEnergy(trace: EnergyTrace, options: MeasureOptions): EnergyMeasurement {
  const expectedWindows = options.windowsS?.length ?? options.expectedWindows ?? 5;
  checkCounts(options.inferences, expectedWindows);
  const rule = { expectedWindows, leadingEdges: options.leadingEdges ?? 1, firstNumber: options.firstNumber };
  const pairing = options.windowsS
    ? { pairs: options.windowsS, lostEdges: 0, unpairedS: [], located: true, warnings: [] as string[] }
    : pairEdges(trace.edges, rule);
  const warnings = [...trace.warnings, ...pairing.warnings];
  const windows = measureWindows(trace, pairing.pairs, options, warnings);
  const counted = windows.filter((window) => window.counted);
  if (counted.length < expectedWindows) {
    warnings.push(`the median is over ${counted.length} window(s), ${expectedWindows} expected`);
  }
  const lost = lostSamples(trace);
  if (lost > 0) warnings.push(`${lost} sample(s) lost in ${trace.gaps.length} gap(s) of the trace`);
  const doubtful = pairing.lostEdges > 0 && !pairing.located;
  const alternative = doubtful ? findAlternative(trace, pairing.pairs, options, rule.leadingEdges) : null;
  if (alternative)
    warnings.push(
      `${alternative.reason}; paired that way the median is ${alternative.medianUj.toFixed(1)} uJ`,
    );
  return {
    windows,
    medianUj: median(counted.map((window) => window.ujPerInference)),
    lostEdges: pairing.lostEdges,
    unpairedS: pairing.unpairedS,
    alternative,
    warnings,
    caveats: trace.caveats,
  };
}

function checkCounts(inferences: number | readonly number[], windows: number): void {
  const counts = typeof inferences === 'number' ? [inferences] : inferences;
  if (counts.length === 0 || !counts.every((count) => Number.isSafeInteger(count) && count > 0)) {
    throw new ReflowError(
      'E_USAGE',
      'inference counts must be whole numbers above zero',
      'pass the N of `infer N W`',
    );
  }
  if (typeof inferences !== 'number' && counts.length !== windows) {
    throw new ReflowError(
      'E_USAGE',
      `${counts.length} inference counts for ${windows} windows`,
      'give one count, or one per expected window',
    );
  }
}

function measureWindows(
  trace: EnergyTrace,
  pairs: readonly { startS: number; endS: number }[],
  options: MeasureOptions,
  warnings: string[],
): MeasuredWindow[] {
  const windows: MeasuredWindow[] = [];
  const { inferences } = options;
  if (typeof inferences !== 'number' && pairs.length !== inferences.length) {
    // Which count belongs to which window is unknown once a window is missing, unless all counts are the same.
    if (new Set(inferences).size > 1) {
      warnings.push(
        `${pairs.length} windows for ${inferences.length} different inference counts: none can be assigned`,
      );
      return windows;
    }
  }
  pairs.forEach((pair, i) => {
    const window = cutWindow(trace, pair.startS, pair.endS);
    const name = `window ${i + 1} (${pair.startS.toFixed(3)} s to ${pair.endS.toFixed(3)} s)`;
    if (!window) {
      warnings.push(`${name} does not lie inside the trace`);
      return;
    }
    const count = typeof inferences === 'number' ? inferences : (inferences[i] ?? inferences[0]!);
    const lostFraction = window.lostSamples / Math.max(1, window.samples + window.lostSamples);
    const counted = lostFraction <= (options.maxLostFraction ?? 1e-4);
    if (window.lostSamples > 0) {
      warnings.push(`${name} lost ${window.lostSamples} sample(s)${counted ? '' : ' and does not count'}`);
    }
    windows.push({ ...window, inferences: count, ujPerInference: window.energyUj / count, counted });
  });
  return windows;
}

/**
 * One lost edge turns every later window into the pause between two windows. Inside a true window the power repeats with
 * every inference; a pause holds loading, warm-up and waiting, so its power steps. When the pauses are clearly steadier
 * than the windows, the pairing by order is probably shifted, and the shifted reading is offered.
 */
function findAlternative(
  trace: EnergyTrace,
  pairs: readonly { startS: number; endS: number }[],
  options: MeasureOptions,
  leadingEdges: number,
): EnergyMeasurement['alternative'] {
  if (typeof options.inferences !== 'number' && new Set(options.inferences).size > 1) return null;
  const count = typeof options.inferences === 'number' ? options.inferences : options.inferences[0]!;
  const times = trace.edges.map((edge) => edge.timeS).sort((a, b) => a - b);
  const shifted: { startS: number; endS: number }[] = [];
  for (let i = leadingEdges + 1; i + 1 < times.length; i += 2)
    shifted.push({ startS: times[i]!, endS: times[i + 1]! });
  const inside = median(pairs.flatMap((pair) => steadiness(trace, pair.startS, pair.endS) ?? []));
  const between = median(shifted.flatMap((pair) => steadiness(trace, pair.startS, pair.endS) ?? []));
  if (inside === null || between === null || between * 2 > inside) return null;
  const energies = shifted.flatMap((pair) => {
    const window = cutWindow(trace, pair.startS, pair.endS);
    return window && window.lostSamples === 0 ? [window.energyUj / count] : [];
  });
  const medianUj = median(energies);
  if (medianUj === null) return null;
  const percent = (value: number) => `${(value * 100).toFixed(2)} %`;
  const reason =
    `power between the windows is steadier (${percent(between)}) than inside them (${percent(inside)}): ` +
    'the lost edge probably came before them, and the windows are pauses';
  return { medianUj, reason };
}
