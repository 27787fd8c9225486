/** Cuts one stretch of time out of a trace and adds up its energy. */
import type { EnergyTrace } from './energy-trace.js';

export interface EnergyWindow {
  readonly startS: number;
  readonly endS: number;
  readonly durationS: number;
  /** Energy of the samples that exist; with `lostSamples` above zero it is less than the truth. */
  readonly energyUj: number;
  readonly averagePowerUw: number;
  readonly samples: number;
  readonly lostSamples: number;
}

/**
 * Energy between two times of a trace, or null when the stretch is empty or lies outside the trace (then nothing is
 * known about it, and nothing is made up).
 *
 * Uniform clock: the sum of the slots from round(start * rate) up to, not including, round(end * rate). EEMBC's runner
 * rounds differently from window to window (its stamps have more digits than its file); the difference is at most one
 * sample at either end. Stamped clock: powers are integrated by the trapezoidal rule with linear interpolation at both
 * ends, joules are shared out by overlap.
 */
export function cutWindow(trace: EnergyTrace, startS: number, endS: number): EnergyWindow | null {
  if (!(endS > startS)) return null;
  return trace.clock.kind === 'uniform'
    ? cutUniform(trace, trace.clock.rateHz, startS, endS)
    : cutStamped(trace, trace.clock.timesS, startS, endS);
}

function cutUniform(trace: EnergyTrace, rateHz: number, startS: number, endS: number): EnergyWindow | null {
  const lostTotal = trace.gaps.reduce((sum, gap) => sum + gap.lostSamples, 0);
  const firstSlot = Math.round(startS * rateHz);
  const endSlot = Math.round(endS * rateHz);
  if (firstSlot < 0 || endSlot > trace.samples.length + lostTotal || endSlot <= firstSlot) return null;
  const first = sampleAtSlot(trace, firstSlot);
  const end = sampleAtSlot(trace, endSlot);
  let sum = 0;
  for (let i = first; i < end; i++) sum += trace.samples[i]!;
  const joules = trace.quantity === 'joules' ? sum : sum / rateHz;
  return finish(
    startS,
    endS,
    (endSlot - firstSlot) / rateHz,
    joules,
    end - first,
    lostBetween(trace, first, end),
  );
}

/** Index of the first sample at or after a slot. */
function sampleAtSlot(trace: EnergyTrace, slot: number): number {
  let lost = 0;
  for (const gap of trace.gaps) {
    const gapSlot = gap.beforeSample + lost;
    if (slot <= gapSlot) break;
    if (slot < gapSlot + gap.lostSamples) return gap.beforeSample;
    lost += gap.lostSamples;
  }
  return Math.min(slot - lost, trace.samples.length);
}

/** A gap that only touches the window counts too: on which side its readings fell is not known. */
function lostBetween(trace: EnergyTrace, first: number, end: number): number {
  return trace.gaps
    .filter((gap) => gap.beforeSample >= first && gap.beforeSample <= end)
    .reduce((sum, gap) => sum + gap.lostSamples, 0);
}

function cutStamped(
  trace: EnergyTrace,
  times: Float64Array,
  startS: number,
  endS: number,
): EnergyWindow | null {
  if (times.length < 2 || startS < times[0]! || endS > times.at(-1)!) return null;
  const first = firstAtOrAfter(times, startS);
  const end = firstAtOrAfter(times, endS);
  let joules = 0;
  for (let i = Math.max(1, first); i <= end && i < times.length; i++) {
    const t0 = times[i - 1]!;
    const t1 = times[i]!;
    const from = Math.max(t0, startS);
    const to = Math.min(t1, endS);
    if (to <= from) continue;
    if (trace.quantity === 'joules') {
      joules += trace.samples[i]! * ((to - from) / (t1 - t0));
    } else {
      const slope = (trace.samples[i]! - trace.samples[i - 1]!) / (t1 - t0);
      joules += (trace.samples[i - 1]! + slope * ((from + to) / 2 - t0)) * (to - from);
    }
  }
  return finish(startS, endS, endS - startS, joules, end - first, lostBetween(trace, first, end));
}

function firstAtOrAfter(times: Float64Array, timeS: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < timeS) low = middle + 1;
    else high = middle;
  }
  return low;
}

function finish(
  startS: number,
  endS: number,
  durationS: number,
  joules: number,
  samples: number,
  lostSamples: number,
): EnergyWindow | null {
  const energyUj = joules * 1e6;
  const averagePowerUw = energyUj / durationS;
  if (!Number.isFinite(energyUj) || !Number.isFinite(averagePowerUw)) return null;
  return { startS, endS, durationS, energyUj, averagePowerUw, samples, lostSamples };
}
