/**
 * The measurement stream of a Nordic PPK2: 100,000 little-endian words a second. Bits 0-13 ADC value, 14-16 range 0-4,
 * 18-23 a counter that rises by one per word, 24-31 the logic pins D0-D7. Current = UG * (r * (GS * r + GI) + S * V + I),
 * r = (4 * adc - O) * 1.8 / 163840 / R. Source: Nordic's pc-nrfconnect-ppk; the counter was not checked on a unit.
 *
 * Words arrive cut anywhere (the known bug of other readers): the decoder keeps the odd bytes. When the counter jumps, it
 * looks ahead to tell lost words (a jump, then in step again) from lost bytes (in step only at another alignment).
 */
import type { TraceDecoder } from './energy-meter.js';
import { type Edge, type EnergyTrace, energyTrace } from './energy-trace.js';
import type { Ppk2Metadata, Ppk2Range } from './ppk2-metadata.js';
import { SpikeFilter } from './ppk2-spike-filter.js';
import { SampleBuffer } from './sample-buffer.js';

export const ppk2RateHz = 100_000;

/** Words that must count up in step for an alignment to be believed, and the bytes that this takes at any shift. */
const proofWords = 6;
const lookAheadBytes = 4 * (proofWords + 1) + 3;

export interface Ppk2Settings {
  readonly metadata: Ppk2Metadata;
  /** Supply voltage of the device, volts: set in source mode, told by the user in ampere mode. */
  readonly volts: number;
  /** Logic pin (0-7) whose falling edges are markers; none by default. */
  readonly markerPin?: number;
}

export class Ppk2Decoder implements TraceDecoder {
  readonly #buffer = new SampleBuffer();
  readonly #edges: Edge[] = [];
  readonly #warnings: string[] = [];
  readonly #filter = new SpikeFilter();
  #bytes = new Uint8Array(0);
  #expected = -1;
  #pin = -1;

  constructor(private readonly settings: Ppk2Settings) {
    this.#warnings.push(...settings.metadata.warnings);
  }

  push(chunk: Uint8Array): void {
    this.#feed(chunk, false);
  }

  #feed(chunk: Uint8Array, last: boolean): void {
    const bytes = new Uint8Array(this.#bytes.length + chunk.length);
    bytes.set(this.#bytes);
    bytes.set(chunk, this.#bytes.length);
    const view = new DataView(bytes.buffer);
    let at = 0;
    while (at + 4 <= bytes.length) {
      const word = view.getUint32(at, true);
      const counter = counterOf(word);
      if (this.#expected >= 0 && counter !== this.#expected) {
        if (at + lookAheadBytes > bytes.length && !last) break;
        const shift = alignment(view, at);
        if (shift > 0) {
          at += shift;
          this.#warn('bytes lost in the PPK2 stream; framing found again');
          // At least the broken word is missing; the counter says the rest.
          if (at + 4 > bytes.length) break;
        }
        const missing = (counterOf(view.getUint32(at, true)) - this.#expected + 64) % 64;
        this.#lose(missing > 0 ? missing : shift > 0 ? 64 : 0);
      }
      this.#word(view.getUint32(at, true));
      at += 4;
    }
    this.#bytes = bytes.slice(at);
  }

  #word(word: number): void {
    this.#expected = (counterOf(word) + 1) % 64;
    const pins = word >>> 24;
    const { markerPin, metadata, volts } = this.settings;
    if (markerPin !== undefined) {
      const level = (pins >> markerPin) & 1;
      if (this.#pin === 1 && level === 0) this.#edges.push({ timeS: this.#buffer.slots / ppk2RateHz });
      this.#pin = level;
    }
    const rangeIndex = (word >> 14) & 7;
    const range = metadata.ranges[rangeIndex];
    if (!range) {
      this.#warn(`a word names range ${rangeIndex}, which does not exist`);
      this.#buffer.lose(1);
      return;
    }
    const amperes = this.#filter.next(amperesOf(range, (word & 0x3fff) * 4, volts), rangeIndex);
    this.#buffer.push(amperes * volts);
  }

  #lose(words: number): void {
    if (words <= 0) return;
    this.#buffer.lose(words);
    this.#warn(`${words} PPK2 words lost (the counter wraps at 64: possibly more)`);
  }

  #warn(text: string): void {
    if (this.#warnings.length < 100) this.#warnings.push(text);
  }

  finish(): EnergyTrace {
    this.#feed(new Uint8Array(0), true);
    if (this.#bytes.length > 0) this.#warn(`the stream ends inside a word (${this.#bytes.length} bytes)`);
    this.#bytes = new Uint8Array(0);
    return energyTrace({
      source: 'ppk2',
      quantity: 'watts',
      samples: this.#buffer.toArray(),
      clock: { kind: 'uniform', rateHz: ppk2RateHz },
      gaps: this.#buffer.gaps,
      edges: this.#edges,
      warnings: this.#warnings,
    });
  }
}

function counterOf(word: number): number {
  return (word >>> 18) & 63;
}

function amperesOf(range: Ppk2Range, adc: number, volts: number): number {
  const raw = ((adc - range.o) * 1.8) / 163840 / range.r;
  return range.ug * (raw * (range.gs * raw + range.gi) + (range.s * volts + range.i));
}

/** Shift (0-3 bytes) at which the following words count up in step; 0 when none does better. */
function alignment(view: DataView, at: number): number {
  for (let shift = 0; shift < 4; shift++) {
    let inStep = 0;
    for (let k = 0; k < proofWords; k++) {
      const here = at + shift + 4 * k;
      if (here + 8 > view.byteLength) break;
      if ((counterOf(view.getUint32(here, true)) + 1) % 64 !== counterOf(view.getUint32(here + 4, true)))
        break;
      inStep++;
    }
    if (inStep === proofWords) return shift;
  }
  return 0;
}
