/** One trial, from the network's file to its measured cost: what the process of a trial does. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { clock } from '../../base/clock.js';
import { ReflowError } from '../../base/error.js';
import { files } from '../../base/files.js';
import type { CounterKind } from '../../hw/board.js';
import { profile as profileOn } from '../../profile/run.js';
import type { Measurement, Run } from '../../store/measurement.js';
import { costOf } from '../board-cost.js';
import { buildProject } from '../build.js';
import { writeProject } from '../compile.js';
import { flashBuilt } from '../flash.js';
import { generatedInputs } from '../network-inputs.js';
import { inScratchFolder, running } from '../on-board.js';
import { assertFits, type Planned, planFor } from '../plan.js';
import { profileRecord } from '../profile.js';
import { silent } from '../progress.js';
import { hostReference, type Reference } from '../reference.js';
import type { Cost, CostSource } from '../results.js';
import { patientSolver } from '../solver.js';
import { verifyOn } from '../verify.js';
import type { Limits, Repeat, Setting } from './campaign-file.js';
import type { Stage } from './outcome.js';
import { relativeHalfWidth } from './tight-enough.js';

export interface TrialRequest {
  readonly network: string;
  readonly board: string;
  readonly port: string | null;
  readonly setting: Setting;
  readonly repeat: Repeat;
  readonly limits: Limits;
  /** Folder in which the references of networks are kept for the next trial of the same network. */
  readonly cache: string;
  /** Store that keeps the record of the board's flash. */
  readonly store: string;
  /** Only boot, verify and run once: is the board well? */
  readonly checkOnly: boolean;
}

/** What a trial found out; everything but wall-clock times is the same at every repetition. */
export type TrialResult = {
  readonly source: CostSource;
  readonly macs: number;
  readonly arenaBytes: number;
  readonly arenaHighWater: number;
  readonly stackBytes: number;
  readonly flashBytes: number;
  readonly modelHash: string;
  readonly planHash: string;
  readonly imageHash: string;
} & Cost;

export interface TrialReport {
  readonly result: TrialResult;
  readonly runs: number;
  /** Whether the repetitions agree as well as the campaign asks. */
  readonly isTight: boolean;
  readonly run: Run;
  readonly measurements: readonly Measurement[];
}

/** @param at told each stage as it begins */
export async function runTrial(request: TrialRequest, at: (stage: Stage) => void): Promise<TrialReport> {
  const { board, port, setting, repeat, limits } = request;
  return inScratchFolder(async (folder) => {
    at('plan');
    const planned = await planFor({ network: request.network, board, ...setting }, clock, patientSolver());
    assertFits(planned.result);
    at('build');
    await writeProject(planned, folder);
    const image = await buildProject(folder);
    at('reference');
    const reference = await referenceOf(planned, request);
    if (planned.board.kind === 'hardware') {
      at('flash');
      await flashBuilt(folder, planned.board, port, request.store, silent);
    }
    at('boot');
    return running(
      planned,
      image,
      port,
      async (connected) => {
        const on = { ...connected, planned, image };
        at('verify');
        const verified = await verifyOn(on, reference);
        if (!verified.equal) {
          const { label, name } = verified.firstDivergent ?? { label: 'an operator', name: 'its output' };
          throw new ReflowError(
            'E_MISMATCH',
            `${planned.graph.name} on ${board} differs from the host, first in ${label} (${name})`,
            `reflow verify ${request.network} --board ${board} shows where`,
          );
        }
        at('profile');
        const until = clock.nowMs() + (limits.trialSeconds * 1000) / 4;
        const enough = (totals: readonly number[]) =>
          request.checkOnly ||
          totals.length >= repeat.most ||
          clock.nowMs() > until ||
          (totals.length >= repeat.least && relativeHalfWidth(totals) <= precision);
        const precision = precisionOf(request.repeat, planned.board.counter.kind);
        const inputs = generatedInputs(planned.graph, 1);
        const counted = await profileOn(connected.session, connected.network, inputs, enough);
        const { unstored, run, measurements } = await profileRecord(on, counted, verified);
        const { source, macs, arenaBytes, arenaHighWater, stackBytes, modelHash, planHash, imageHash } =
          unstored;
        const facts = {
          source,
          macs,
          arenaBytes,
          arenaHighWater,
          stackBytes,
          modelHash,
          planHash,
          imageHash,
        };
        return {
          result: { ...facts, flashBytes: image.flashBytes, ...costOf(counted.counter, counted.total) },
          runs: counted.runs,
          isTight: relativeHalfWidth(counted.totals) <= precision,
          run,
          measurements,
        };
      },
      { runMs: limits.runSeconds * 1000 },
    );
  });
}

/** Other programs disturb wall-clock times of this machine; a cycle counter is disturbed by nothing but caches. */
function precisionOf({ precision }: Repeat, counter: CounterKind): number {
  return precision ?? (counter === 'wall' ? 0.2 : 0.01);
}

/** The reference costs a build and a run on this machine, and is the same on every board. */
async function referenceOf({ network }: Planned, request: TrialRequest): Promise<Reference> {
  const path = join(request.cache, `${network.modelHash}.reference`);
  if (existsSync(path)) return deserialize(await readFile(path)) as Reference;
  const reference = await hostReference(request);
  await files.write(path, serialize(reference));
  return reference;
}
