/**
 * What a board's chip adds to the core's own cycles, for a model of its time: how it reads flash and SRAM, with constants
 * that were fitted to published runs. The part `timing` of a board's file; docs/cycles.md says where the numbers are from.
 */
import { z } from 'zod';

/** Cycles for one event, and the standard deviation that they are known with. */
const constant = z.strictObject({ cycles: z.number().nonnegative(), sigma: z.number().nonnegative() });

/** Least recently used replaced first; one set is a fully associative cache. */
const cache = z.strictObject({
  sets: z.number().int().min(1).max(1024),
  ways: z.number().int().min(1).max(16),
  lineBytes: z.number().int().min(4).max(256),
});

/** A published run of a known program, and how far the model was off with these constants. */
const validation = z.strictObject({
  run: z.string().min(1),
  publishedMs: z.number().positive(),
  errorPercent: z.number().min(-100).max(1000),
});

const common = {
  /** The virtual board that runs the same instruction set: instructions are executed there. */
  emulator: z.string().min(1),
  /** Flash latency that the firmware sets at the board's clock. */
  waitStates: z.number().int().min(0).max(15),
  /** Memories that the core reads without cache and waiting. */
  tightMemories: z.array(z.string().min(1)),
  /** Half of the interval that is printed around a modelled time. */
  intervalPercent: z.number().min(1).max(50),
  validation: z.array(validation).min(1),
  source: z.string().min(10),
};

export const timingSchema = z.discriminatedUnion('core', [
  z.strictObject({
    core: z.literal('cortex-m4'),
    ...common,
    /** What is read from flash at a time when instructions are fetched. */
    fetchWordBytes: z.number().int().min(4).max(32),
    /** In front of the flash, for data. */
    dataCache: cache,
    constants: z.strictObject({
      /** A load from flash. */
      flashLoad: constant,
      /** One that the data cache does not have. */
      flashLine: constant,
      /** Going on to another word of instructions. */
      fetchWord: constant,
    }),
  }),
  z.strictObject({
    core: z.literal('cortex-m7'),
    ...common,
    dataCache: cache,
    fetchCache: cache,
    constants: z.strictObject({
      /** A branch that goes the other way than predicted. */
      mispredict: constant,
      /** A line of flash that a cache does not have, instructions or data. */
      flashLine: constant,
      /** A line of SRAM that the data cache does not have, read or written. */
      sramLine: constant,
    }),
  }),
]);

export type Timing = Readonly<z.infer<typeof timingSchema>>;

/** Largest error of the validation runs, in percent of the published time. */
export function worstErrorPercent({ validation }: Timing): number {
  return Math.max(...validation.map(({ errorPercent }) => Math.abs(errorPercent)));
}
