/** Reads a power sensor again and again: for sources that answer when asked (sysfs, vcgencmd). */
import { type EnergySource, type EnergyTrace, energyTrace } from './energy-trace.js';
import { SampleBuffer } from './sample-buffer.js';

export interface PollOptions {
  readonly source: EnergySource;
  readonly periodMs: number;
  readonly durationMs: number;
  readonly until?: () => boolean;
  /** Longest wait for one reading; a slower one is counted as lost. Default ten periods, at least 1 s. */
  readonly readingMs?: number;
}

/**
 * @param read watts now, or null when the sensor could not be read: that reading is counted as lost
 * @returns a trace with one time per reading, taken half-way through it; times start at 0
 */
export async function pollPower(
  read: () => Promise<number | null>,
  options: PollOptions,
): Promise<EnergyTrace> {
  const buffer = new SampleBuffer();
  const times: number[] = [];
  const warnings: string[] = [];
  const startMs = performance.now();
  const limitMs = options.readingMs ?? Math.max(1000, options.periodMs * 10);
  for (let k = 0; ; k++) {
    const dueMs = startMs + k * options.periodMs;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const beforeMs = performance.now();
    if (beforeMs - startMs >= options.durationMs || options.until?.()) break;
    const watts = await limited(read, limitMs);
    const timeS = ((beforeMs + performance.now()) / 2 - startMs) / 1000;
    if (watts !== null && Number.isFinite(watts) && timeS > (times.at(-1) ?? -1)) {
      buffer.push(watts);
      times.push(timeS);
    } else buffer.lose(1);
    // A sensor slower than the period loses the readings that were due meanwhile.
    const late = Math.floor((performance.now() - dueMs) / options.periodMs);
    if (late > 0) {
      buffer.lose(late);
      k += late;
    }
  }
  const lost = buffer.slots - buffer.length;
  if (lost > 0) warnings.push(`${lost} of ${buffer.slots} readings failed or came late`);
  return energyTrace({
    source: options.source,
    quantity: 'watts',
    samples: buffer.toArray(),
    clock: { kind: 'stamped', timesS: Float64Array.from(times) },
    gaps: buffer.gaps,
    edges: [],
    warnings,
  });
}

async function limited(read: () => Promise<number | null>, limitMs: number): Promise<number | null> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), limitMs);
  });
  try {
    return await Promise.race([read().catch(() => null), limit]);
  } finally {
    clearTimeout(timer);
  }
}
