/** What a report shows, and how it comes out of the store. */
import { z } from 'zod';
import { ReflowError } from '../base/error.js';
import type { RunDocument } from '../flow/results.js';
import type { StoredRun } from '../store/measurement.js';

export interface ReportData extends RunDocument {
  readonly run: Omit<StoredRun, 'document'>;
}

const count = z.number().nonnegative();
const cost = z.union([
  z.looseObject({ instructions: count }),
  z.looseObject({ cycles: count }),
  z.looseObject({ us: count }),
]);

/** The fields that a report reads; the document was written by some version of reflow, perhaps not by this one. */
const documentSchema = z.looseObject({
  plan: z.looseObject({
    network: z.string(),
    board: z.string(),
    arenaBytes: count,
    lowerBoundBytes: count,
    provenOptimal: z.boolean(),
    family: z.string(),
    macs: count,
    extraMacs: count,
    flashBytes: count,
    fits: z.boolean(),
    regions: z
      .array(
        z.looseObject({
          name: z.string(),
          kind: z.string().default(''),
          bytes: count,
          used: count,
          arenaBytes: count.default(0),
          lowerBoundBytes: count.default(0),
          weightBytes: count.default(0),
        }),
      )
      .default([]),
    steps: z.array(z.looseObject({ op: count.nullable(), label: z.string() })),
    buffers: z.array(
      z.looseObject({
        tensor: count.nullable(),
        name: z.string(),
        region: z.string(),
        offset: count,
        bytes: count,
        first: count,
        last: count,
        producer: count.nullable(),
      }),
    ),
  }),
  profile: cost.and(
    z.looseObject({
      clockHz: count.nullable(),
      source: z.string(),
      runs: count,
      perOp: z.array(
        cost.and(
          z.looseObject({
            index: count,
            label: z.string(),
            outputShape: z.array(count),
            macs: count,
          }),
        ),
      ),
      total: count,
      macs: count,
      stackBytes: count,
      arenaHighWater: count,
      energy: z.looseObject({ uJ: count, source: z.string() }).nullable(),
      modelled: z
        .looseObject({
          ms: count,
          lowMs: count,
          highMs: count,
          clockHz: count,
          instructions: count,
          emulator: z.string(),
          validation: z.looseObject({ runs: count, worstErrorPercent: count }),
          notIncluded: z.array(z.string()),
        })
        .nullish(), // documents of before there were any
    }),
  ),
  verify: z
    .looseObject({
      reference: z.string(),
      equal: z.boolean(),
      layersCompared: count,
      outputs: z.array(
        z.looseObject({ name: z.string(), maxAbsDiff: count, rmse: count, cosine: z.number().nullable() }),
      ),
      firstDivergent: z
        .looseObject({
          index: count,
          label: z.string(),
          name: z.string(),
          differing: count,
          elements: count,
          maxAbsDiff: count,
        })
        .nullable(),
    })
    .nullable(),
});

/** @throws ReflowError E_STORE when the run has no document, or one that a report cannot be made of */
export function reportData({ document, ...run }: StoredRun): ReportData {
  const failure = (what: string, cause?: unknown) =>
    new ReflowError('E_STORE', `run ${run.id} ${what}`, 'profile the network again, then report that run', {
      cause,
    });
  if (document === null) throw failure('has no report');
  let json: unknown;
  try {
    json = JSON.parse(document);
  } catch (error) {
    throw failure('holds a damaged document', error);
  }
  const parsed = documentSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw failure(
      `holds a document of another version (${issue?.path.join('.')}: ${issue?.message})`,
      parsed.error,
    );
  }
  // The schema has checked every field that a report reads.
  return { run, ...(parsed.data as unknown as RunDocument) };
}
