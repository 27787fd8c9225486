/** The memory plan of a network for a board, and whether it fits. */
import { type Clock, clock as realClock } from '../base/clock.js';
import { ReflowError } from '../base/error.js';
import { sha256 } from '../base/hash.js';
import { emitProject, type Project } from '../emit/emit-project.js';
import { type Board, memoryFor } from '../hw/board.js';
import { targetOf } from '../hw/catalogue.js';
import type { Target } from '../hw/target.js';
import { type Graph, tensorOf } from '../ir/graph.js';
import type { PlanSolver } from '../plan/allocation.js';
import { mcuformerModel } from '../plan/mcuformer.js';
import type { Plan } from '../plan/plan.js';
import type { MemoryPlanOptions } from '../plan/plan-memories.js';
import { type AdviceQuestion, adviceFor } from './advice.js';
import { arenaRooms, type MemoryUsage, memoryOptions, memoryUsage } from './board-memories.js';
import { planNetwork, prepareGraph } from './compile-graph.js';
import { chooseKernels } from './kernel-choice.js';
import { boardNamed, loadCatalogue } from './list-boards.js';
import { type NetworkFile, readNetwork } from './network-file.js';
import type { PlanRequest, PlanStory } from './requests.js';
import type { BufferInfo, PlanResult } from './results.js';
import { planSolver } from './solver.js';
import { transformerOf } from './transformer-of.js';

/** Everything that is known before a compiler runs. */
export interface Planned {
  readonly network: NetworkFile;
  readonly board: Board;
  /** The board's file where it is not one of the package's. */
  readonly boardDocument: string | null;
  readonly target: Target;
  /** The simplified graph. */
  readonly graph: Graph;
  readonly plan: Plan;
  readonly project: Project;
  readonly result: PlanResult;
}

export const plan: PlanStory = async (request) => (await planFor(request)).result;

/**
 * Reads, simplifies, plans and emits a network; nothing is written.
 * @param solver where the plan must not depend on the load of the machine: `patientSolver`
 */
export async function planFor(
  request: PlanRequest,
  clock: Clock = realClock,
  solver: PlanSolver = planSolver(),
): Promise<Planned> {
  return planRead(await readNetwork(request), request, clock, solver);
}

/** The same for a network that has been read. */
export async function planRead(
  network: NetworkFile,
  request: Omit<PlanRequest, 'network' | 'shapes'>,
  clock: Clock = realClock,
  solver: PlanSolver = planSolver(),
): Promise<Planned> {
  const catalogue = await loadCatalogue();
  const { board, document } = await boardNamed(catalogue, request.board);
  const target = targetOf(catalogue, board);
  const prepared = prepareGraph(network.graph, request.attention);
  const graph = chooseKernels(prepared, request.kernels ?? [], target.kernelSets);
  const start = clock.nowMs();
  const { objective, input, seconds: limit } = request;
  const options: MemoryPlanOptions = {
    ...{ objective, input, seconds: limit, ...memoryOptions(graph, board, input) },
    kernelSets: target.kernelSets,
    solver,
  };
  const made = planNetwork(graph, options);
  const seconds = (clock.nowMs() - start) / 1000;
  const planHash = sha256(JSON.stringify(request.kernels?.length ? [made, request.kernels] : made));
  const project = emitProject(graph, made, { file: network.file, modelHash: network.modelHash, planHash });
  const result = planResult({ network, board, graph, plan: made, options, project, planHash, seconds });
  return { network, board, boardDocument: document, target, graph, plan: made, project, result };
}

/** Throws E_DOES_NOT_FIT with the bytes that are missing in each memory. */
export function assertFits({ network, board, fits, regions, advice }: PlanResult): void {
  if (fits) return;
  const missing = regions
    .filter(({ bytes, used }) => used > bytes)
    .map(({ name, bytes, used }) => `${used - bytes} bytes are missing in ${name}`);
  throw new ReflowError(
    'E_DOES_NOT_FIT',
    `${network} does not fit ${board}: ${missing.join(', ')}`,
    advice[0] ?? 'choose a board with more memory or a smaller network',
  );
}

interface Parts extends Omit<Planned, 'target' | 'result' | 'boardDocument'> {
  readonly options: MemoryPlanOptions;
  readonly planHash: string;
  readonly seconds: number;
}

function planResult(parts: Parts): PlanResult {
  const { network, board, graph, plan: made, project, planHash, seconds } = parts;
  const regions = memoryUsage(board, made, project);
  const fits = regions.every(({ bytes, used }) => used <= bytes);
  const labels = new Map(graph.ops.map((op) => [op.id, op.label]));
  return {
    network: graph.name,
    board: board.id,
    modelHash: network.modelHash,
    planHash,
    objective: made.objective,
    input: made.input,
    arenaBytes: made.arenaBytes,
    lowerBoundBytes: made.lowerBoundBytes,
    provenOptimal: made.provenOptimal,
    engine: made.engine,
    family: made.family,
    macs: made.macs,
    extraMacs: made.extraMacs,
    scratchBytes: made.scratchBytes,
    steps: made.steps.map(({ op, tensor }) =>
      op === null ? { op: null, label: `row of input ${tensor}` } : { op, label: labels.get(op) ?? '' },
    ),
    buffers: buffersOf(graph, made),
    regions,
    flashBytes: project.constantBytes,
    fits,
    ...mcuformerField(graph),
    advice: fits && made.objective !== 'speed' ? [] : adviceFor(questionOf(parts, regions)),
    seconds,
  };
}

function mcuformerField(graph: Graph): Pick<PlanResult, 'mcuformer'> {
  const sizes = transformerOf(graph);
  return sizes ? { mcuformer: mcuformerModel(sizes) } : {};
}

function questionOf(
  { graph, board, plan: made, options }: Parts,
  regions: readonly MemoryUsage[],
): AdviceQuestion {
  const flash = memoryFor(board, 'weights').name;
  const missing = regions.find(({ name }) => name === flash)!;
  return {
    ...{ graph, board, plan: made, options },
    roomBytes: arenaRooms(board, regions).get(options.region)!,
    missingFlashBytes: flash === options.region ? 0 : Math.max(0, missing.used - missing.bytes),
  };
}

function buffersOf(graph: Graph, made: Plan): BufferInfo[] {
  const producers = new Map<number, number>();
  for (const [time, step] of made.steps.entries()) {
    const written = step.op === null ? [step.tensor!] : graph.ops.find((op) => op.id === step.op)!.outputs;
    for (const id of written) if (!producers.has(id)) producers.set(id, time);
  }
  return made.buffers.map(({ tensor, row, scratchOf, region, offset, bytes, first, last }) => {
    const name =
      tensor !== null
        ? tensorOf(graph, tensor).name
        : scratchOf === null
          ? 'the input stream'
          : `operator ${scratchOf}`;
    const producer = tensor === null ? first : (producers.get(tensor) ?? null);
    return {
      tensor,
      name: row === null ? name : `${name} row ${row}`,
      region,
      offset,
      bytes,
      first,
      last,
      producer,
    };
  });
}
