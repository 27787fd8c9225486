/** What each operator costs on a board, kept in the measurement store. */
import { clock } from '../base/clock.js';
import { ReflowError } from '../base/error.js';
import { tensorOf } from '../ir/graph.js';
import { type Profile as BoardProfile, profile as profileOn } from '../profile/run.js';
import { type Measurement, measurement, type Run } from '../store/measurement.js';
import { openStore } from '../store/store.js';
import { costOf, sourceOf } from './board-cost.js';
import { generatedInputs } from './network-inputs.js';
import { type OnBoard, onBoard } from './on-board.js';
import type { Profile } from './requests.js';
import type { Cost, OpCost, ProfileResult, RunDocument, VerifyResult } from './results.js';
import { toolVersion } from './tool-version.js';

export const profile: Profile = async (request, progress) => {
  if (request.energy !== null) {
    throw new ReflowError(
      'E_USAGE',
      `there is no energy source ${request.energy}`,
      'profile without --energy',
    );
  }
  return onBoard(request, progress, async (board) => {
    const inputs = generatedInputs(board.planned.graph, 1);
    const counted = await progress.stage('profile', () =>
      profileOn(board.session, board.network, inputs, request.runs),
    );
    return recordProfile(board, counted, request.store, null);
  });
};

/** Stores a profile, with the document that its report needs. */
export async function recordProfile(
  board: OnBoard,
  counted: BoardProfile,
  storePath: string,
  verified: VerifyResult | null,
): Promise<ProfileResult> {
  const { unstored, run, measurements } = await profileRecord(board, counted, verified);
  const store = await openStore(storePath);
  try {
    return { ...unstored, runId: await store.recordRun(run, measurements) };
  } finally {
    await store.close();
  }
}

export interface ProfileRecord {
  readonly unstored: Omit<ProfileResult, 'runId'> & Cost;
  readonly run: Run;
  readonly measurements: readonly Measurement[];
}

/** A profile as it is stored. */
export async function profileRecord(
  { planned, image }: OnBoard,
  counted: BoardProfile,
  verified: VerifyResult | null,
): Promise<ProfileRecord> {
  const { graph, board, plan, network, result } = planned;
  const source = sourceOf(counted.counter);
  const macs = new Map(planned.project.ops.map((op) => [op.index, op.macs]));
  const unstored = {
    network: graph.name,
    board: board.id,
    clockHz: board.clockHz,
    source,
    runs: counted.runs,
    modelHash: network.modelHash,
    planHash: result.planHash,
    imageHash: image.hash,
    perOp: counted.perOp.map(({ index, kind, count }): OpCost => {
      const op = graph.ops.find(({ id }) => id === index)!;
      const outputShape = tensorOf(graph, op.outputs[0]!).shape;
      return {
        index,
        kind,
        label: op.label,
        outputShape,
        macs: macs.get(index) ?? 0,
        ...costOf(counted.counter, count),
      };
    }),
    total: counted.counter === 'wall' ? counted.total / 1000 : counted.total,
    macs: plan.macs,
    stackBytes: counted.stackBytes ?? 0,
    arenaHighWater: counted.arenaHighWater,
    arenaBytes: plan.arenaBytes,
    energy: null,
    ...costOf(counted.counter, counted.total),
  };
  const document: RunDocument = { plan: result, profile: { ...unstored, runId: '' }, verify: verified };
  const run = {
    at: clock.timestamp(),
    toolVersion: await toolVersion(),
    network: graph.name,
    board: board.id,
    clockHz: board.clockHz,
    modelHash: network.modelHash,
    planHash: result.planHash,
    imageHash: image.hash,
    document: JSON.stringify(document),
  };
  return { unstored, run, measurements: measurementsOf(counted, planned) };
}

function measurementsOf(counted: BoardProfile, { plan, board }: OnBoard['planned']): Measurement[] {
  const cost = (count: number, op: { index: number; kind: string } | null): Measurement =>
    latency(counted.counter, count, op);
  const painted = board.kind === 'emulator' ? 'emulated' : 'measured';
  return [
    cost(counted.total, null),
    ...counted.perOp.map(({ kind, count }, index) => cost(count, { index, kind })),
    measurement('arenaHighWater', counted.arenaHighWater, 'memory', painted),
    ...(counted.stackBytes === null ? [] : [measurement('stack', counted.stackBytes, 'memory', painted)]),
    measurement('arena', plan.arenaBytes, 'memory', 'modelled'),
    measurement('macs', plan.macs, 'graph', 'modelled'),
  ];
}

function latency(
  counter: 'instructions' | 'cycles' | 'wall',
  count: number,
  op: { index: number; kind: string } | null,
): Measurement {
  if (counter === 'instructions') return measurement('latency', count, 'instructions', 'emulated', op);
  if (counter === 'cycles') return measurement('latency', count, 'cycles', 'measured', op);
  return measurement('latency', count / 1000, 'wall', 'measured', op);
}
