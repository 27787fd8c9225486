/**
 * What a device under test says in MLPerf Tiny's protocol, line by line: from a live connection or from the log of a
 * runner (which may put a time and a source before each line). Protocol: mlcommons/tiny,
 * `benchmark/api/internally_implemented.cpp`.
 */

export type MlperfMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'init-done' }
  | { readonly kind: 'lap'; readonly us: number }
  | { readonly kind: 'warmup-start'; readonly count: number }
  | { readonly kind: 'warmup-done' }
  | { readonly kind: 'infer-start'; readonly count: number }
  | { readonly kind: 'infer-done' }
  | { readonly kind: 'results'; readonly values: readonly number[] }
  | { readonly kind: 'load-done' }
  | { readonly kind: 'expecting'; readonly bytes: number }
  | { readonly kind: 'timestamp-mode'; readonly mode: 'performance' | 'energy' }
  | { readonly kind: 'name' | 'profile' | 'model'; readonly text: string }
  | { readonly kind: 'buffer'; readonly bytes: readonly number[] }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'other'; readonly text: string };

const counted = { 'warmup-start': 'warmup-start', 'infer-start': 'infer-start' } as const;
const plain = {
  ready: 'ready',
  'init-done': 'init-done',
  'warmup-done': 'warmup-done',
  'infer-done': 'infer-done',
  'load-done': 'load-done',
} as const;

/** One line to one message. Never throws; what it does not know is `other`. Numbers are finite or the line is `other`. */
export function parseMlperfLine(line: string): MlperfMessage {
  const start = line.search(/(?:m|e)-/);
  const text = start < 0 ? line.trim() : line.slice(start).trim();
  const error = /^e-\[(.*)\]/.exec(text);
  if (error) return { kind: 'error', text: error[1]! };
  const other: MlperfMessage = { kind: 'other', text };
  if (!text.startsWith('m-')) return other;
  const body = text.slice(2);
  if (body in plain) return { kind: plain[body as keyof typeof plain] };
  const number = /^(lap-us|warmup-start|infer-start)-(\d{1,15})$/.exec(body);
  if (number) {
    const value = Number(number[2]);
    const key = number[1]!;
    return key === 'lap-us'
      ? { kind: 'lap', us: value }
      : { kind: counted[key as keyof typeof counted], count: value };
  }
  const expecting = /^\[Expecting (\d{1,9}) bytes\]$/.exec(body);
  if (expecting) return { kind: 'expecting', bytes: Number(expecting[1]) };
  const mode = /^timestamp-mode-(performance|energy)$/.exec(body);
  if (mode) return { kind: 'timestamp-mode', mode: mode[1] as 'performance' | 'energy' };
  const named = /^(?:name-(?:dut-)?|(profile|model)-)\[(.*)\]$/.exec(body);
  if (named) return { kind: (named[1] as 'profile' | 'model' | undefined) ?? 'name', text: named[2]! };
  const buffer = /^buffer-([0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2})*)-?$/.exec(body);
  if (buffer)
    return { kind: 'buffer', bytes: buffer[1]!.split('-').map((pair) => Number.parseInt(pair, 16)) };
  const results = /^results-\[([^\]]*)\]$/.exec(body);
  if (!results) return other;
  const values = results[1]!
    .split(',')
    .filter((value) => value.trim() !== '')
    .map(Number);
  return values.every(Number.isFinite) ? { kind: 'results', values } : other;
}

/** One `infer N W` as the log shows it. */
export interface LoggedInference {
  readonly inferences: number;
  readonly warmups: number;
  /** Device time of the measured loop, microseconds; null when a lap is missing (energy mode prints none). */
  readonly elapsedUs: number | null;
  readonly results: readonly number[];
}

/**
 * The inferences of a whole log, in order. A window with fewer or more than two laps, or whose laps do not rise, gets
 * `elapsedUs: null`: nothing is put in its place.
 */
export function parsePerformanceLog(text: string): LoggedInference[] {
  const windows: LoggedInference[] = [];
  let open: { inferences: number; warmups: number; laps: number[]; results: number[] } | null = null;
  let warmups = 0;
  const close = () => {
    if (open) windows.push({ ...counts(open), elapsedUs: elapsed(open.laps), results: open.results });
    open = null;
  };
  for (const line of text.split(/\r?\n/)) {
    const message = parseMlperfLine(line);
    if (message.kind === 'warmup-start') {
      close();
      warmups = message.count;
    } else if (message.kind === 'infer-start') {
      close();
      open = { inferences: message.count, warmups, laps: [], results: [] };
    } else if (message.kind === 'ready') close();
    else if (open && message.kind === 'lap') open.laps.push(message.us);
    else if (open && message.kind === 'results') open.results.push(...message.values);
  }
  close();
  return windows;
}

function counts(open: { inferences: number; warmups: number }): { inferences: number; warmups: number } {
  return { inferences: open.inferences, warmups: open.warmups };
}

function elapsed(laps: readonly number[]): number | null {
  const us = laps.length === 2 ? laps[1]! - laps[0]! : 0;
  return us > 0 ? us : null;
}
