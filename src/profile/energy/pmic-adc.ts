/**
 * `vcgencmd pmic_read_adc` of the Raspberry Pi 5: lines ` VDD_CORE_A current(7)=6.22421000A` and
 * ` VDD_CORE_V volt(15)=0.86173300V`, in no common order: current and voltage of a rail are paired by NAME. EXT5V and
 * BATT have a voltage only. Earlier boards have no such chip: `error=1 error_msg="Command not registered"`.
 *
 * The rails' sum is below the board's draw. Users who compared with an outside meter found 1.1451 x + 0.5879 W and
 * 1.1327 x + 0.6444 W; they differ, so no correction is applied.
 */
import { LineSplitter } from './line-splitter.js';
import type { PowerRail } from './power-rails.js';

const channel = /^\s*([A-Za-z0-9_]+)_([AV])\s+(current|volt)\(\d+\)=(-?\d+(?:\.\d+)?)([AV])\s*$/;

export interface PmicReading {
  readonly rails: readonly PowerRail[];
  readonly totalWatts: number;
  /** Voltage at the board's 5 V input, volts. */
  readonly inputVolts: number | null;
  /** Rails with a current but no voltage: their power is not in the total. */
  readonly unpaired: readonly string[];
}

/** Chunk-fed: gives one reading for every complete answer in a stream of answers. */
export class PmicAdcDecoder {
  readonly #lines = new LineSplitter();
  #amps = new Map<string, number>();
  #volts = new Map<string, number>();

  /** Readings that this chunk completed: an answer ends when a channel comes a second time. */
  push(chunk: Uint8Array | string): PmicReading[] {
    return this.#lines.push(chunk).flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): PmicReading | null {
    const match = channel.exec(line);
    if (!match) return null;
    const [, name, kind, word, value, unit] = match;
    if (kind !== unit || (kind === 'A') !== (word === 'current')) return null;
    const map = kind === 'A' ? this.#amps : this.#volts;
    const done = map.has(name!) ? this.#take() : null;
    (kind === 'A' ? this.#amps : this.#volts).set(name!, Number(value));
    return done;
  }

  /** The last reading of the stream, or null when there was none. */
  finish(): PmicReading | null {
    const earlier = this.#line(this.#lines.finish());
    return this.#take() ?? earlier;
  }

  #take(): PmicReading | null {
    const amps = this.#amps;
    const volts = this.#volts;
    this.#amps = new Map();
    this.#volts = new Map();
    const rails = [...amps].flatMap(([name, a]) =>
      volts.has(name) ? [{ name, watts: a * volts.get(name)! }] : [],
    );
    const totalWatts = rails.reduce((sum, rail) => sum + rail.watts, 0);
    if (rails.length === 0 || !Number.isFinite(totalWatts)) return null;
    const unpaired = [...amps.keys()].filter((name) => !volts.has(name));
    return { rails, totalWatts, inputVolts: volts.get('EXT5V') ?? null, unpaired };
  }
}

/** One answer; null when it has no rail (not a Pi 5). */
export function parsePmicAdc(text: string): PmicReading | null {
  const decoder = new PmicAdcDecoder();
  return decoder.push(text).at(-1) ?? decoder.finish();
}
