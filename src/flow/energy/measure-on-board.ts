/** Energy of an inference on a board that runs our firmware: windows of inferences under a meter, cut by this computer's clock. */
import { clock } from '../../base/clock.js';
import type { EnergyMeter } from '../../profile/energy/energy-meter.js';
import { type EnergyMeasurement, measureEnergy } from '../../profile/energy/measure-energy.js';
import type { Running } from '../on-board.js';

/** MLPerf Tiny's number of windows. */
const windows = 5;
/** Between windows, so that a slow sensor sees both ends of each. */
const pauseMs = 400;
/** One request to the board takes at most so long, or its answer would be given up. */
const longestRunS = 60;

export interface BoardEnergy extends EnergyMeasurement {
  readonly inferencesPerWindow: number;
}

/**
 * Five windows of back-to-back inferences of one input.
 * @param windowS length of a window, seconds; at least one inference
 * @throws ReflowError as the session and the meter
 */
export async function measureOnBoard(
  meter: EnergyMeter,
  { session, network }: Running,
  inputs: readonly Uint8Array[],
  windowS: number,
): Promise<BoardEnergy> {
  await session.open(network);
  const load = async () => {
    for (const [index, bytes] of inputs.entries()) await session.load(network, index, bytes);
  };
  const timed = async (times: number) => {
    const startMs = clock.nowMs();
    await session.run({ times });
    return { startMs, endMs: clock.nowMs() };
  };
  await load();
  const inferences = await inferencesFor(windowS, async (times) => {
    const { startMs, endMs } = await timed(times);
    return (endMs - startMs) / 1000;
  });
  await meter.start();
  const beginMs = clock.nowMs();
  let isDone = false;
  const limitMs = windows * (2 * windowS * 1000 + pauseMs + longestRunS * 1000);
  const acquiring = meter.acquire(limitMs, () => isDone);
  // Its failure is met when it is awaited below, also when the board fails first.
  acquiring.catch(() => undefined);
  const spans: { startS: number; endS: number }[] = [];
  try {
    for (let window = 0; window < windows; window++) {
      await load();
      await clock.sleep(pauseMs);
      const { startMs, endMs } = await timed(inferences);
      spans.push({ startS: (startMs - beginMs) / 1000, endS: (endMs - beginMs) / 1000 });
    }
    await clock.sleep(pauseMs);
  } finally {
    isDone = true;
  }
  await acquiring;
  const trace = await meter.stop();
  // A sensor that is polled may come late; the times of its readings are known, so the power between them is interpolated.
  const polled = trace.clock.kind === 'stamped' ? { maxLostFraction: 0.25 } : {};
  const measured = measureEnergy(trace, { inferences, windowsS: spans, ...polled });
  const caveat = "windows are cut by this computer's clock: some milliseconds of idling are in each";
  return { ...measured, caveats: [...measured.caveats, caveat], inferencesPerWindow: inferences };
}

/** Doubles the number until a run is long enough to tell how many inferences fill a window. */
async function inferencesFor(
  windowS: number,
  secondsOf: (times: number) => Promise<number>,
): Promise<number> {
  const enoughS = Math.min(0.3, windowS / 4);
  for (let times = 1; ; times *= 2) {
    const seconds = await secondsOf(times);
    if (seconds < enoughS && times < 2 ** 30) continue;
    return Math.max(1, Math.round((times * Math.min(windowS, longestRunS)) / seconds));
  }
}
