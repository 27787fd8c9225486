/** What each operator costs on a board, kept in the measurement store. */
import { clock } from '../base/clock.js';
import { ReflowError } from '../base/error.js';
import { boardById } from '../hw/catalogue.js';
import { tensorOf } from '../ir/graph.js';
import type { EnergyMeter } from '../profile/energy/energy-meter.js';
import type { EnergyMeasurement } from '../profile/energy/measure-energy.js';
import { type Profile as BoardProfile, profile as profileOn } from '../profile/run.js';
import { type Measurement, measurement, type Run } from '../store/measurement.js';
import { openStore } from '../store/store.js';
import { costOf, sourceOf } from './board-cost.js';
import { buildProject } from './build.js';
import { writeProject } from './compile.js';
import { isMeter, parseEnergySpec } from './energy/energy-spec.js';
import { measureOnBoard } from './energy/measure-on-board.js';
import { openMeter } from './energy/open-meter.js';
import { readCapture } from './energy/read-capture.js';
import { loadCatalogue } from './list-boards.js';
import { modelTime, timedBoard } from './model-time.js';
import { generatedInputs } from './network-inputs.js';
import { inScratchFolder, type OnBoard, onBoard, planRequestOf } from './on-board.js';
import { assertFits, planFor } from './plan.js';
import type { Progress } from './progress.js';
import type { Profile, ProfileRequest } from './requests.js';
import type {
  Cost,
  CostSource,
  EnergyOfRun,
  ModelledTime,
  OpCost,
  ProfileResult,
  RunDocument,
  VerifyResult,
} from './results.js';
import { toolVersion } from './tool-version.js';

export const profile: Profile = async (request, progress) => {
  if (request.modelled) return profileModelled(request, progress);
  if (request.energy === null) return profileOnBoard(request, progress, null, async () => null);
  const spec = parseEnergySpec(request.energy);
  if (!isMeter(spec)) {
    // Read first: a capture that is none must not cost a run on the board.
    const reading = await readCapture(spec);
    return profileOnBoard(request, progress, null, async () => energyOf(request.energy!, reading));
  }
  const { meter, close } = await openMeter(spec);
  try {
    // The meter supplies the board: it must be on before the board can answer.
    await progress.stage('meter', () => meter.open());
    return await profileOnBoard(request, progress, meter, (board, inputs) =>
      progress.stage('energy', async () =>
        energyOf(request.energy!, await measureOnBoard(meter, board, inputs, request.windowSeconds)),
      ),
    );
  } finally {
    await close();
  }
};

type MeasureEnergy = (board: OnBoard, inputs: readonly Uint8Array[]) => Promise<EnergyOfRun | null>;

function profileOnBoard(
  request: ProfileRequest,
  progress: Progress,
  meter: EnergyMeter | null,
  measure: MeasureEnergy,
): Promise<ProfileResult> {
  return onBoard(request, progress, async (board) => {
    if (meter && board.planned.board.kind === 'emulator') {
      throw new ReflowError(
        'E_USAGE',
        `${board.planned.board.id} is an emulator and draws no power`,
        'choose a real board',
      );
    }
    const inputs = generatedInputs(board.planned.graph, 1);
    const counted = await progress.stage('profile', () =>
      profileOn(board.session, board.network, inputs, request.runs, board.planned.plan.regions.length - 1),
    );
    return recordProfile(board, counted, request.store, null, await measure(board, inputs));
  });
}

/** @throws ReflowError E_DEVICE when no window can be counted */
function energyOf(
  meter: string,
  reading: Pick<EnergyMeasurement, 'windows' | 'medianUj' | 'lostEdges' | 'warnings' | 'caveats'>,
): EnergyOfRun {
  const { medianUj: uJ, windows, lostEdges, warnings, caveats } = reading;
  if (uJ === null) {
    const why = warnings.at(-1) ?? 'it saw no window';
    throw new ReflowError('E_DEVICE', `${meter} gives no energy: ${why}`, 'check the meter and its wiring');
  }
  return {
    ...{ uJ, source: 'measured', meter, lostEdges, warnings, caveats },
    windows: windows.map(({ startS, endS, inferences, ujPerInference, counted }) => ({
      ...{ startS, endS, inferences, uJ: ujPerInference, counted },
    })),
  };
}

/** On a board that is not here, by the model of its chip; planned for that board, run on the virtual one that the model names. */
async function profileModelled(request: ProfileRequest, progress: Progress): Promise<ProfileResult> {
  const { port, runs, plan, energy } = request;
  const flag =
    energy !== null
      ? '--energy'
      : port !== null
        ? '--port'
        : runs !== 1
          ? '--runs'
          : plan.input === 'streamed'
            ? '--streamed'
            : null;
  if (flag !== null) {
    throw new ReflowError('E_USAGE', `a modelled profile takes no ${flag}`, `leave out ${flag}`);
  }
  const catalogue = await loadCatalogue();
  const board = timedBoard(catalogue, request.board);
  const emulator = boardById(catalogue, board.timing.emulator);
  return inScratchFolder(async (folder) => {
    const planned = await progress.stage('plan', () => planFor(planRequestOf(request)));
    assertFits(planned.result);
    await progress.stage('compile', () => writeProject({ ...planned, board: emulator }, folder));
    const image = await progress.stage('build', () => buildProject(folder));
    const inputs = generatedInputs(planned.graph, 1);
    const { time, report } = await progress.stage('profile', () =>
      modelTime(planned, image, board, catalogue, inputs),
    );
    const counted: BoardProfile = {
      ...{
        board: board.id,
        counter: 'cycles',
        clockHz: board.clockHz,
        runs: 1,
        totals: [time.cycles],
        totalSpread: 0,
      },
      ...{ total: time.cycles, stackBytes: report.stackBytes, arenaHighWater: report.arenaHighWater },
      arenaBytes: planned.plan.arenaBytes,
      memories: [],
      perOp: time.perOp.map(({ index, kind, cycles }) => ({ index, kind, count: cycles, spread: 0 })),
    };
    return recordProfile({ planned, image }, counted, request.store, null, null, time);
  });
}

/** Stores a profile, with the document that its report needs; `modelled` where it was computed, not counted. */
export async function recordProfile(
  board: Pick<OnBoard, 'planned' | 'image'>,
  counted: BoardProfile,
  storePath: string,
  verified: VerifyResult | null,
  energy: EnergyOfRun | null = null,
  modelled: ModelledTime | null = null,
): Promise<ProfileResult> {
  const { unstored, run, measurements } = await profileRecord(board, counted, verified, energy, modelled);
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
  { planned, image }: Pick<OnBoard, 'planned' | 'image'>,
  counted: BoardProfile,
  verified: VerifyResult | null,
  energy: EnergyOfRun | null = null,
  modelled: ModelledTime | null = null,
): Promise<ProfileRecord> {
  const { graph, board, plan, network, result } = planned;
  const source = modelled?.source ?? sourceOf(counted.counter);
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
    arenaHighWater: highWaterOf(counted),
    arenaBytes: plan.arenaBytes,
    memories: [
      { name: plan.regions[0]!.name, bytes: plan.regions[0]!.bytes, highWater: counted.arenaHighWater },
      ...counted.memories,
    ],
    energy,
    modelled,
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
  return { unstored, run, measurements: measurementsOf(counted, planned, source, energy) };
}

/** Of all memories together. */
function highWaterOf({ arenaHighWater, memories }: BoardProfile): number {
  return memories.reduce((sum, { highWater }) => sum + highWater, arenaHighWater);
}

function measurementsOf(
  counted: BoardProfile,
  { plan, board }: OnBoard['planned'],
  source: CostSource,
  energy: EnergyOfRun | null,
): Measurement[] {
  const isModelled = source === 'modelled';
  const cost = (count: number, op: { index: number; kind: string } | null): Measurement =>
    isModelled
      ? measurement('latency', count, 'cycles', 'modelled', op)
      : latency(counted.counter, count, op);
  // What a modelled profile saw of memory, an emulator saw.
  const painted = isModelled || board.kind === 'emulator' ? 'emulated' : 'measured';
  return [
    cost(counted.total, null),
    ...counted.perOp.map(({ kind, count }, index) => cost(count, { index, kind })),
    measurement('arenaHighWater', highWaterOf(counted), 'memory', painted),
    ...(counted.stackBytes === null ? [] : [measurement('stack', counted.stackBytes, 'memory', painted)]),
    measurement('arena', plan.arenaBytes, 'memory', 'modelled'),
    measurement('macs', plan.macs, 'graph', 'modelled'),
    // An emulator draws no power: a capture beside its run is of another board.
    ...(energy === null || board.kind === 'emulator'
      ? []
      : [measurement('energy', energy.uJ, 'energy', 'measured')]),
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
