/**
 * Calibration of a Nordic Power Profiler Kit II: the text that it sends for command 0x19, `KEY: value` lines ended by
 * `END`. Keys R, GS, GI, O, S, I, UG with the range 0..4 behind them. Source: Nordic's pc-nrfconnect-ppk and IRNAS's
 * ppk2-api, read for the format.
 */
import { ReflowError } from '../../base/error.js';

/** One measuring range: shunt resistance (ohms), ADC offset, gains and source-mode corrections. */
export interface Ppk2Range {
  readonly r: number;
  readonly gs: number;
  readonly gi: number;
  readonly o: number;
  readonly s: number;
  readonly i: number;
  readonly ug: number;
}

export interface Ppk2Metadata {
  readonly ranges: readonly Ppk2Range[];
  readonly calibrated: boolean;
  readonly hardware: string | null;
  readonly warnings: readonly string[];
}

const nominalOhms = [1031.64, 101.65, 10.15, 0.94, 0.043];
const longestText = 8192;

/** Chunk-fed collector of the text. */
export class Ppk2MetadataReader {
  #text = '';

  /** The metadata once `END` has come, else null. Throws ReflowError E_DEVICE when what comes cannot be metadata. */
  push(chunk: Uint8Array): Ppk2Metadata | null {
    this.#text += String.fromCharCode(...chunk.subarray(0, longestText));
    if (/(?:^|\n)\s*END/.test(this.#text)) return parsePpk2Metadata(this.#text);
    if (this.#text.length >= longestText) {
      throw new ReflowError(
        'E_DEVICE',
        'the PPK2 sent no metadata but something else',
        'unplug and replug it: a measurement may still be running',
      );
    }
    return null;
  }
}

/** A missing or impossible value becomes the nominal one, with a warning: some units ship with R = 0. */
export function parsePpk2Metadata(text: string): Ppk2Metadata {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const pair = /^\s*([A-Za-z]+\d?)\s*:\s*(.*?)\s*$/.exec(line);
    if (pair) values.set(pair[1]!, pair[2]!);
  }
  const warnings: string[] = [];
  const number = (key: string, nominal: number, valid: (value: number) => boolean = () => true) => {
    const raw = values.get(key);
    const value = raw === undefined || raw === '' ? Number.NaN : Number(raw);
    if (Number.isFinite(value) && Math.abs(value) < 1e9 && valid(value)) return value;
    warnings.push(`PPK2 calibration ${key} is ${raw ?? 'missing'}; the nominal ${nominal} is used`);
    return nominal;
  };
  const ranges = nominalOhms.map((ohms, k) => ({
    r: number(`R${k}`, ohms, (value) => value > 1e-6),
    gs: number(`GS${k}`, 1),
    gi: number(`GI${k}`, 1),
    o: number(`O${k}`, 0),
    s: number(`S${k}`, 0),
    i: number(`I${k}`, 0),
    ug: number(`UG${k}`, 1),
  }));
  const calibrated = values.get('Calibrated') !== '0';
  if (!calibrated) warnings.push('the PPK2 says that it is not calibrated');
  return { ranges, calibrated, hardware: values.get('HW') ?? null, warnings };
}
