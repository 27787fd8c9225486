/**
 * The ASCII stream of ST's X-NUCLEO-LPM01A (`format ascii_dec`): readings `6409-07` = 6409e-7 (amperes or joules, by
 * `output`), one or more per line, with lines `TimeStamp: 003s 000ms, buff 00%` every second and `event 03 ris` at an
 * edge of the marker pin. Format: ST UM2269 / UM2243, and MLCommons' runner.
 *
 * The firmware drops readings when the link is too slow and says so only by the count between two time stamps.
 */
import type { TraceDecoder } from './energy-meter.js';
import { type Edge, type EnergyTrace, energyTrace } from './energy-trace.js';
import { LineSplitter } from './line-splitter.js';
import { SampleBuffer } from './sample-buffer.js';

export interface Lpm01aSettings {
  readonly output: 'energy' | 'current';
  readonly rateHz: number;
  /** Needed to turn amperes into watts. */
  readonly volts: number;
}

/** Shared by the ASCII and the binary decoder: readings, time stamps and events to a trace. */
export class Lpm01aRecorder {
  readonly #buffer = new SampleBuffer();
  readonly #edges: Edge[] = [];
  readonly warnings: string[] = [];
  #lastStamp: { timeS: number; slots: number; samples: number } | null = null;
  #misframed = false;
  #ended = false;

  constructor(private readonly settings: Lpm01aSettings) {}

  get ended(): boolean {
    return this.#ended;
  }

  reading(value: number): void {
    this.#buffer.push(this.settings.output === 'energy' ? value : value * this.settings.volts);
  }

  lost(count: number, why: string): void {
    this.#buffer.lose(count);
    this.warn(why);
  }

  /** Bytes were lost or added: readings since the last time stamp may be halves of two. */
  misframed(why: string): void {
    this.#buffer.lose(1);
    // The first fault of a second tells all: the others follow from it.
    if (!this.#misframed) this.warn(`${why}: readings since the last time stamp are given up`);
    this.#misframed = true;
  }

  /** @param dueSlots slots that the time stamp says are taken, where there is one */
  #dropMisframed(dueSlots?: number): void {
    if (this.#misframed) this.#buffer.distrust(this.#lastStamp?.samples ?? 0, dueSlots);
    this.#misframed = false;
  }

  /** Compares the readings since the last stamp with the time between them, and books what is missing. */
  stamp(timeS: number, bufferPercent: number): void {
    const last = this.#lastStamp;
    if (last && timeS > last.timeS) {
      const due = Math.round((timeS - last.timeS) * this.settings.rateHz);
      this.#dropMisframed(last.slots + due);
      const missing = due - (this.#buffer.slots - last.slots);
      if (missing > 0) this.lost(missing, `${missing} readings missing before ${timeS.toFixed(3)} s`);
      if (missing < 0) this.warn(`${-missing} readings too many before ${timeS.toFixed(3)} s`);
    } else {
      this.#dropMisframed();
      if (last) this.warn(`time stamp ${timeS.toFixed(3)} s does not rise`);
    }
    if (bufferPercent >= 90)
      this.warn(`the meter's buffer was ${bufferPercent} % full at ${timeS.toFixed(3)} s`);
    this.#lastStamp = { timeS, slots: this.#buffer.slots, samples: this.#buffer.length };
  }

  event(number?: number): void {
    const timeS = this.#buffer.slots / this.settings.rateHz;
    this.#edges.push(number === undefined ? { timeS } : { timeS, number });
  }

  end(): void {
    this.#ended = true;
  }

  /** A stream of garbage must not fill the memory with complaints. */
  warn(text: string): void {
    if (this.warnings.length < 100) this.warnings.push(text);
  }

  trace(): EnergyTrace {
    this.#dropMisframed();
    return energyTrace({
      source: 'lpm01a',
      quantity: this.settings.output === 'energy' ? 'joules' : 'watts',
      samples: this.#buffer.toArray(),
      clock: { kind: 'uniform', rateHz: this.settings.rateHz },
      gaps: this.#buffer.gaps,
      edges: this.#edges,
      warnings: this.warnings,
    });
  }
}

const reading = /^(\d{4})([+-]\d{2})$/;
const stamp = /^TimeStamp:\s*[<>]?\s*(\d+)s\s+(\d+)ms,\s*buff\s+(\d+)\s*%/;
const event = /^event\s+(\d+)\s+(?:ris|fal)/;

/** Chunk-fed. Lines that are neither readings nor known messages are noise: counted, and a reading's place is kept. */
export class Lpm01aAsciiDecoder implements TraceDecoder {
  readonly #lines = new LineSplitter();
  readonly #recorder: Lpm01aRecorder;

  constructor(settings: Lpm01aSettings) {
    this.#recorder = new Lpm01aRecorder(settings);
  }

  /** True once the meter has said that the acquisition is over. */
  get ended(): boolean {
    return this.#recorder.ended;
  }

  push(chunk: Uint8Array | string): void {
    for (const line of this.#lines.push(chunk)) this.line(line);
  }

  line(raw: string): void {
    const text = raw.replaceAll('PowerShield >', ' ').trim();
    if (text === '' || text.startsWith('ack ')) return;
    const time = stamp.exec(text);
    const edge = event.exec(text);
    if (time) this.#recorder.stamp(Number(time[1]) + Number(time[2]) / 1000, Number(time[3]));
    else if (edge) this.#recorder.event(Number(edge[1]));
    else if (/acquisition completed|^end$/i.test(text)) this.#recorder.end();
    else if (/^error|overcurrent/i.test(text)) this.#recorder.warn(`the meter says: ${text.slice(0, 120)}`);
    else this.#readings(text);
  }

  #readings(text: string): void {
    if (!/\d{4}[+-]\d{2}|^[\d+\-\s]+$/.test(text)) {
      if (!this.#recorder.ended) this.#recorder.warn(`the meter says: ${text.slice(0, 120)}`);
      return;
    }
    // Readings stand side by side with or without blanks; what is left between them was one.
    for (const word of text.match(/\d{4}[+-]\d{2}|\S+?(?=\d{4}[+-]\d{2}|\s|$)/g) ?? []) {
      const value = reading.exec(word);
      if (value) this.#recorder.reading(Number(`${value[1]}e${value[2]}`));
      else this.#recorder.lost(1, `unreadable reading "${word.slice(0, 20)}"`);
    }
  }

  finish(): EnergyTrace {
    const rest = this.#lines.finish();
    if (rest !== '') this.line(rest);
    return this.#recorder.trace();
  }
}
