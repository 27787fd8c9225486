/** `--energy KIND:PLACE,key=value,...`: which meter or capture, where it is, and how it is set. */
import { basename } from 'node:path';
import { ReflowError } from '../../base/error.js';

/** Meters that are asked now, and files that hold what a meter saw before. */
const kinds = {
  lpm01a: ['volts', 'rate', 'format'],
  ppk2: ['volts', 'mode', 'marker'],
  ina3221: ['period'],
  pmic: ['period'],
  tegrastats: ['period'],
  trace: ['n', 'windows'],
  csv: ['n', 'windows', 'volts', 'marker', 'leading'],
  'mlperf-results': [],
  'tegrastats-log': ['n', 'windows', 'period'],
} as const satisfies Record<string, readonly string[]>;

export type EnergyKind = keyof typeof kinds;
export type MeterKind = 'lpm01a' | 'ppk2' | 'ina3221' | 'pmic' | 'tegrastats';
export type CaptureKind = Exclude<EnergyKind, MeterKind>;

export interface EnergySpec {
  readonly kind: EnergyKind;
  /** Port, file or folder; empty where the sensor is on the board itself. */
  readonly place: string;
  readonly settings: ReadonlyMap<string, string>;
}

const meters: readonly EnergyKind[] = ['lpm01a', 'ppk2', 'ina3221', 'pmic', 'tegrastats'];

export const isMeter = ({ kind }: EnergySpec): boolean => meters.includes(kind);

/** @throws ReflowError E_USAGE */
export function parseEnergySpec(text: string): EnergySpec {
  const named = /^([a-z0-9-]+)(?::(.*))?$/s.exec(text);
  const isNamed = named !== null && named[1]! in kinds;
  const kind = isNamed ? (named[1] as EnergyKind) : kindOf(text);
  const [place = '', ...words] = (isNamed ? (named[2] ?? '') : text).split(',');
  const settings = new Map<string, string>();
  for (const word of words) {
    const [key = '', value] = word.split('=', 2);
    const known: readonly string[] = kinds[kind];
    if (value === undefined || !known.includes(key)) {
      const hint =
        known.length === 0 ? 'it has none' : `it has: ${known.map((name) => `${name}=...`).join(', ')}`;
      throw new ReflowError('E_USAGE', `energy source ${kind} has no setting ${word}`, hint);
    }
    settings.set(key, value);
  }
  if (place === '' && !['ina3221', 'pmic', 'tegrastats'].includes(kind))
    throw new ReflowError('E_USAGE', `energy source ${kind} needs a place`, `write ${kind}:PORT-OR-FILE`);
  return { kind, place, settings };
}

/** A bare path is a capture, known by its name. */
function kindOf(text: string): CaptureKind {
  const name = basename(text.split(',')[0]!);
  if (/\.csv$/i.test(name)) return 'csv';
  if (/\.json$/i.test(name)) return 'mlperf-results';
  if (/\.(txt|log)$/i.test(name)) return 'tegrastats-log';
  if (/\.bin$/i.test(name) || text.includes('/') || !name.includes(':')) return 'trace';
  throw new ReflowError(
    'E_USAGE',
    `there is no energy source ${text}`,
    `one of: ${Object.keys(kinds).join(', ')}`,
  );
}

/** A setting as a number above zero. @throws ReflowError E_USAGE */
export function numberSetting({ kind, settings }: EnergySpec, key: string, absent: number): number {
  const text = settings.get(key);
  if (text === undefined) return absent;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new ReflowError('E_USAGE', `${key}=${text} of energy source ${kind}`, 'give a number above zero');
}

/** `n=` inferences, one number or one for each window: 420 or 420+420+421. @throws ReflowError E_USAGE */
export function inferencesSetting({ settings }: EnergySpec): readonly number[] | null {
  const text = settings.get('n');
  if (text === undefined) return null;
  const counts = text.split('+').map(Number);
  if (counts.every((count) => Number.isSafeInteger(count) && count > 0)) return counts;
  throw new ReflowError(
    'E_USAGE',
    `n=${text} of the energy source`,
    'give whole numbers, e.g. n=420 or n=420+421',
  );
}

/** `windows=` seconds from start to end: 0.5-10.5+12-22. @throws ReflowError E_USAGE */
export function windowsSetting({
  settings,
}: EnergySpec): readonly { readonly startS: number; readonly endS: number }[] | null {
  const text = settings.get('windows');
  if (text === undefined) return null;
  return text.split('+').map((window) => {
    const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(window);
    const [startS, endS] = [Number(match?.[1]), Number(match?.[2])];
    if (match && endS > startS) return { startS, endS };
    throw new ReflowError(
      'E_USAGE',
      `window ${window} of the energy source`,
      'give seconds, e.g. windows=0.5-10.5+12-22',
    );
  });
}
