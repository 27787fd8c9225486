/** A modelled time in words: never a bare number. */
import type { ModelledTime } from './results.js';

/** E.g. `modelled 51.1 ms (46.0 to 56.2) at 120 MHz: 3,609,133 instructions run on virt-m4, model within 5.7 % of 9 published runs`. */
export function modelledText(time: ModelledTime): string {
  const { ms, lowMs, highMs, clockHz, instructions, emulator, validation } = time;
  const [value, low, high] = [ms, lowMs, highMs].map(msText);
  const clock = (clockHz / 1e6).toLocaleString('en-US', { maximumFractionDigits: 3 });
  return (
    `modelled ${value} ms (${low} to ${high}) at ${clock} MHz: ${instructions.toLocaleString('en-US')} instructions ` +
    `run on ${emulator}, model within ${validation.worstErrorPercent.toFixed(1)} % of ${validation.runs} published runs`
  );
}

/** Three digits that mean something. */
export function msText(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toPrecision(3);
}
