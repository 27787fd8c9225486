/** What a real line and a real bootloader do now and then, as a source that the emulator asks. Pure and seeded. */

/**
 * What may happen when a step of a command is about to be carried out: `nack` refuses it, `hang` ends all answers until a
 * reset, `late` delays the answer by `lateMs`, `tear` resets the device half way through programming, `early` acknowledges
 * an erase before it is done.
 */
export type StepFault = 'none' | 'nack' | 'hang' | 'late' | 'tear' | 'early';

export interface RomFaults {
  /** A byte as it arrives at the device; null when it is lost. */
  receive(byte: number): number | null;
  /** A byte as it leaves the device; null when it is lost. */
  transmit(byte: number): number | null;
  step(command: number, stage: 'command' | 'address' | 'data'): StepFault;
  readonly lateMs: number;
}

export const noFaults: RomFaults = { receive: (b) => b, transmit: (b) => b, step: () => 'none', lateMs: 0 };

/** Probabilities, each per byte or per step. */
export interface FaultRates {
  readonly lose?: number;
  readonly corrupt?: number;
  readonly nack?: number;
  readonly hang?: number;
  readonly late?: number;
  readonly tear?: number;
  readonly early?: number;
  readonly lateMs?: number;
  /** No fault before that many bytes have passed, and none after `until`. */
  readonly from?: number;
  readonly until?: number;
}

/** Uniform numbers in [0, 1) from a 32-bit seed (mulberry32, public domain, T. Ettinger). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function seededFaults(seed: number, rates: FaultRates): RomFaults {
  const random = seededRandom(seed);
  const { lose = 0, corrupt = 0, from = 0, until = Number.POSITIVE_INFINITY } = rates;
  let passed = 0;
  const active = () => passed >= from && passed <= until;
  const line = (byte: number): number | null => {
    passed++;
    const roll = random();
    if (!active()) return byte;
    if (roll < lose) return null;
    return roll < lose + corrupt ? byte ^ (1 << Math.floor(random() * 8)) : byte;
  };
  return {
    receive: line,
    transmit: line,
    step(_command, stage) {
      if (!active()) return 'none';
      const roll = random();
      let sum = 0;
      for (const kind of ['nack', 'hang', 'late', 'tear', 'early'] as const) {
        if ((kind === 'tear' || kind === 'early') && stage !== 'data') continue;
        sum += rates[kind] ?? 0;
        if (roll < sum) return kind;
      }
      return 'none';
    },
    lateMs: rates.lateMs ?? 1500,
  };
}
