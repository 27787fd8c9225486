/** How evenly a device drew power in one stretch of a trace. */
import type { EnergyTrace } from './energy-trace.js';
import { cutWindow } from './energy-window.js';

/** Fine enough to see a warm-up of one second, coarse enough to average over the layers of an inference. */
const bins = 50;

/** Standard deviation of the power in fifty equal slices over its mean; null when it cannot be told. */
export function steadiness(trace: EnergyTrace, startS: number, endS: number): number | null {
  const powers: number[] = [];
  const step = (endS - startS) / bins;
  for (let i = 0; i < bins; i++) {
    const slice = cutWindow(trace, startS + i * step, startS + (i + 1) * step);
    if (!slice || slice.lostSamples > 0) return null;
    powers.push(slice.averagePowerUw);
  }
  const mean = powers.reduce((sum, power) => sum + power, 0) / bins;
  const variance = powers.reduce((sum, power) => sum + (power - mean) ** 2, 0) / bins;
  const ratio = Math.sqrt(variance) / mean;
  return Number.isFinite(ratio) && mean > 0 ? ratio : null;
}
