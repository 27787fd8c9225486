/**
 * What an energy meter saw, whichever meter it was: samples, the clock they were taken by, edges of the device's marker
 * pin, and every sample that is known to be missing. A decoder builds it, `measure-energy.ts` reads it.
 *
 * Samples are finite, always: a reading that the meter dropped is not stored as NaN or zero, it is counted in `gaps`.
 */
import { ReflowError } from '../../base/error.js';

/** Where a trace came from. */
export type EnergySource =
  | 'lpm01a'
  | 'ppk2'
  | 'ina3221'
  | 'tegrastats'
  | 'pi5-pmic'
  | 'joulescope-csv'
  | 'otii-csv'
  | 'power-csv'
  | 'eembc-trace'
  | 'mlperf-runner';

/** `uniform`: slot k was taken at k / rateHz; slots in `gaps` hold no sample. `stamped`: one time per sample, rising. */
export type TraceClock =
  | { readonly kind: 'uniform'; readonly rateHz: number }
  | { readonly kind: 'stamped'; readonly timesS: Float64Array };

/** `lostSamples` readings are missing directly before `samples[beforeSample]` (or after the last sample). */
export interface Gap {
  readonly beforeSample: number;
  readonly lostSamples: number;
}

/** One edge of the marker pin, in seconds on the trace's clock; `number` is the meter's own event counter, if it has one. */
export interface Edge {
  readonly timeS: number;
  readonly number?: number;
}

export interface EnergyTrace {
  readonly source: EnergySource;
  /**
   * `joules`: every sample is the energy of one period (uniform) or of the time since the sample before it (stamped).
   * `watts`: every sample is a power.
   */
  readonly quantity: 'joules' | 'watts';
  readonly samples: Float64Array;
  readonly clock: TraceClock;
  readonly gaps: readonly Gap[];
  readonly edges: readonly Edge[];
  /** What this kind of source cannot do; fixed per source. */
  readonly caveats: readonly string[];
  /** What went wrong in this trace. */
  readonly warnings: readonly string[];
}

/** Limits of each source that belong beside every number taken from it (flash-and-profile.md section 4, vendor manuals). */
export const sourceCaveats: Record<EnergySource, readonly string[]> = {
  lpm01a: ['edges are quantised to one sample period', 'dynamic mode measures about 100 nA to 50 mA'],
  ppk2: ['voltage is the set value, not a measured one'],
  ina3221: [
    'measures the module, not the carrier board',
    'polled: bursts shorter than the period are missed',
  ],
  tegrastats: ['measures the module, not the carrier board', 'whole milliwatts, one reading per interval'],
  'pi5-pmic': [
    'the sum of the rails is less than what the board draws: regulators, USB and HAT are not in it',
    'polled: bursts shorter than the period are missed',
  ],
  'joulescope-csv': ['exported file: edges exist only where a GPI column was exported'],
  'otii-csv': ['exported file: edges exist only where a GPI column was exported'],
  'power-csv': ['file of unknown origin: units are taken from its header'],
  'eembc-trace': ['edges are quantised to one sample period'],
  'mlperf-runner': ['edges are quantised to one sample period', 'one trial per trace'],
};

/**
 * Checks and freezes the parts of a trace. Throws ReflowError E_INTERNAL when a decoder broke the promise of finite
 * samples, rising times or gaps in order: such a trace must not reach a result.
 */
export function energyTrace(parts: Omit<EnergyTrace, 'caveats'>): EnergyTrace {
  const { samples, clock } = parts;
  const broken = (what: string) =>
    new ReflowError('E_INTERNAL', `${parts.source} decoder: ${what}`, 'report this with the capture file');
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i])) throw broken(`sample ${i} is not a finite number`);
  }
  if (clock.kind === 'uniform') {
    if (!(clock.rateHz > 0 && Number.isFinite(clock.rateHz))) throw broken(`sample rate ${clock.rateHz} Hz`);
  } else {
    if (clock.timesS.length !== samples.length) throw broken('times and samples differ in number');
    for (let i = 0; i < clock.timesS.length; i++) {
      const rising = i === 0 ? Number.isFinite(clock.timesS[i]) : clock.timesS[i]! > clock.timesS[i - 1]!;
      if (!rising || !Number.isFinite(clock.timesS[i])) throw broken(`time of sample ${i} does not rise`);
    }
  }
  let last = 0;
  for (const gap of parts.gaps) {
    const inside = gap.beforeSample >= last && gap.beforeSample <= samples.length;
    if (!inside || !(gap.lostSamples > 0)) throw broken('gaps are not in order');
    last = gap.beforeSample;
  }
  for (const edge of parts.edges) if (!Number.isFinite(edge.timeS)) throw broken('an edge has no time');
  return { ...parts, caveats: sourceCaveats[parts.source] };
}

/** Readings known to be missing in the whole trace. */
export function lostSamples(trace: EnergyTrace): number {
  return trace.gaps.reduce((sum, gap) => sum + gap.lostSamples, 0);
}
