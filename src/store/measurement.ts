/**
 * What a Measurement is. Every value says what counted it, in which unit, and whether it was measured on hardware,
 * counted by an emulator or computed by a model. Values of different kinds are never mixed or compared: a function that
 * needs cycles asks for `Measurement<'cycles'>`, and the database refuses any other pairing than the ones listed here.
 */

/** How a value came to be. */
export type Source = 'measured' | 'emulated' | 'modelled';

/** Each kind of counter, its only unit, and the sources that it can have. */
export const counters = {
  /** Instructions that an emulator retired. They are not cycles: no wait states, no dual issue, no cache. */
  instructions: { unit: 'instructions', sources: ['emulated', 'modelled'] },
  /** Cycles of a hardware cycle counter. */
  cycles: { unit: 'cycles', sources: ['measured', 'modelled'] },
  /** Wall-clock time of a device or of this computer. */
  wall: { unit: 'us', sources: ['measured', 'modelled'] },
  /** Energy by a meter. */
  energy: { unit: 'uJ', sources: ['measured', 'modelled'] },
  /** Memory: painted high-water marks (measured, emulated) and planned or linked sizes (modelled). */
  memory: { unit: 'bytes', sources: ['measured', 'emulated', 'modelled'] },
  /** Multiply-accumulates, counted in the graph. */
  graph: { unit: 'macs', sources: ['modelled'] },
} as const satisfies Record<string, { unit: string; sources: readonly Source[] }>;

export type CounterKind = keyof typeof counters;

interface MeasurementOf<K extends CounterKind> {
  /** What was measured: `latency`, `energy`, `stack`, `arenaHighWater`, `macs`, ... */
  readonly metric: string;
  readonly value: number;
  readonly counter: K;
  readonly unit: (typeof counters)[K]['unit'];
  readonly source: (typeof counters)[K]['sources'][number];
  /** Position of the operator in the run's execution order; null for the whole network. */
  readonly opIndex: number | null;
  /** Registry kind of that operator, e.g. `conv2d`; null for the whole network. */
  readonly opKind: string | null;
}

/** One value. `Measurement<'cycles'>` holds cycles only; plain `Measurement` is any one kind. */
export type Measurement<K extends CounterKind = CounterKind> = { [C in K]: MeasurementOf<C> }[K];

/** Makes a measurement of one kind; the unit follows from the kind. Without `op` it is about the whole network. */
export function measurement<K extends CounterKind>(
  metric: string,
  value: number,
  counter: K,
  source: (typeof counters)[K]['sources'][number],
  op: { readonly index: number; readonly kind: string } | null = null,
): MeasurementOf<K> {
  const { unit } = counters[counter];
  return { metric, value, counter, unit, source, opIndex: op?.index ?? null, opKind: op?.kind ?? null };
}

/** The measurements of one kind, typed as such. */
export function ofKind<K extends CounterKind>(all: readonly Measurement[], counter: K): Measurement<K>[] {
  // The filter makes it so; the compiler cannot see that for a K it does not know yet.
  return all.filter((one) => one.counter === counter) as unknown[] as Measurement<K>[];
}

/** What is true of all values of one run. Hashes are lower-case SHA-256 in hexadecimal. */
export interface Run {
  /** When the run ended, ISO 8601 in UTC. */
  readonly at: string;
  readonly toolVersion: string;
  readonly network: string;
  readonly board: string;
  /** Clock of the board in Hz; null where there is none (a process on this computer). */
  readonly clockHz: number | null;
  readonly modelHash: string;
  readonly planHash: string | null;
  readonly imageHash: string | null;
  /** JSON that the run wants to keep for its report (plan, operators, comparison); null for none. */
  readonly document: string | null;
}

export interface StoredRun extends Run {
  readonly id: string;
}
