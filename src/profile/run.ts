/** Runs of a network on a board, and what they cost, as plain values. */
import { ReflowError } from '../base/error.js';
import type { CounterKind } from '../hw/board.js';
import type { BoardMemory, BoardTensor, Identity } from './protocol.js';
import type { BoardNetwork, RunOptions, RunReport, Session } from './session.js';

export interface TensorValue {
  readonly tensor: BoardTensor;
  /** Little-endian. */
  readonly bytes: Uint8Array;
}

export interface Costs {
  readonly board: string;
  readonly counter: CounterKind;
  readonly clockHz: number | null;
  /** Of one inference, in what `counter` counts (nanoseconds for `wall`). */
  readonly total: number;
  /** Deepest stack of the inference; null when the board does not measure it. */
  readonly stackBytes: number | null;
  /** The arena's last byte that was written, plus one. */
  readonly arenaHighWater: number;
  readonly arenaBytes: number;
}

export interface RunResult extends Costs {
  readonly outputs: readonly TensorValue[];
}

export interface OperatorCost {
  /** In the imported file. */
  readonly index: number;
  readonly kind: string;
  /** Median over the runs, without what counting costs. */
  readonly count: number;
  /** Largest minus smallest over the runs. */
  readonly spread: number;
}

export interface Profile extends Costs {
  readonly runs: number;
  /** What the network keeps besides the arena. */
  readonly memories: readonly BoardMemory[];
  /** Largest minus smallest total over the runs. */
  readonly totalSpread: number;
  /** Total of every run, in the order of the runs. */
  readonly totals: readonly number[];
  readonly perOp: readonly OperatorCost[];
}

/** Whether the totals of the runs so far are enough. */
export type EnoughRuns = (totals: readonly number[]) => boolean;

/** One inference: opens the network, loads `inputs`, runs, reads every output. */
export async function runOnce(
  session: Session,
  network: BoardNetwork,
  inputs: readonly Uint8Array[],
): Promise<RunResult> {
  await session.open(network);
  const report = await loadAndRun(session, network, inputs, {});
  return {
    ...costs(session.identity, network, report, unitsOf(session.identity, report.ticks)),
    outputs: await readOutputs(session, network),
  };
}

/**
 * What each operator costs. Every run starts from loaded inputs. The total is that of runs without counters.
 * @param runs at least 1, or a rule that says after each run, by the totals so far, whether they are enough
 * @param memoryCount memories besides the arena in which the network keeps tensors
 */
export async function profile(
  session: Session,
  network: BoardNetwork,
  inputs: readonly Uint8Array[],
  runs: number | EnoughRuns,
  memoryCount = 0,
): Promise<Profile> {
  if (typeof runs === 'number' && (!Number.isInteger(runs) || runs < 1))
    throw new ReflowError('E_USAGE', `${runs} runs`, 'ask for 1 or more');
  const enough: EnoughRuns = typeof runs === 'number' ? ({ length }) => length >= runs : runs;
  await session.open(network);
  const totals: number[] = [];
  const counts: number[][] = network.operators.map(() => []);
  let last: RunReport;
  do {
    last = await loadAndRun(session, network, inputs, {});
    totals.push(unitsOf(session.identity, last.ticks));
    const { counted } = await loadAndRun(session, network, inputs, { count: true });
    // An operator that a plan runs in several steps counts each of them.
    const ticks = network.operators.map(() => 0);
    for (const { position, ticks: spent } of counted) {
      if (position >= ticks.length) throw badPosition(network);
      ticks[position] = (ticks[position] ?? 0) + spent;
    }
    for (const [position, spent] of ticks.entries()) counts[position]?.push(unitsOf(session.identity, spent));
  } while (!enough(totals));
  return {
    ...costs(session.identity, network, last, median(totals)),
    runs: totals.length,
    memories: memoryCount === 0 ? [] : await session.memories(memoryCount),
    totalSpread: spread(totals),
    totals,
    perOp: network.operators.map(({ index, kind }, position) => {
      const samples = counts[position] ?? [];
      return { index, kind, count: median(samples), spread: spread(samples) };
    }),
  };
}

/** Every tensor that the network writes during one inference, whole, in the order of their first bytes. */
export async function dumpLayers(
  session: Session,
  network: BoardNetwork,
  inputs: readonly Uint8Array[],
): Promise<TensorValue[]> {
  await session.open(network);
  const { written } = await loadAndRun(session, network, inputs, { dump: true });
  const layers = new Map<number, TensorValue>();
  for (const { position, first, bytes } of written) {
    const tensor = network.tensors[position];
    if (!tensor || first + bytes.length > tensor.bytes) throw badPosition(network);
    const layer = layers.get(position) ?? { tensor, bytes: new Uint8Array(tensor.bytes) };
    layer.bytes.set(bytes, first);
    layers.set(position, layer);
  }
  return [...layers.values()];
}

/** What a traced network did. */
export interface TracedRuns {
  /** Position of the operator of every window of the last run, in order. */
  readonly operators: readonly number[];
  readonly report: RunReport;
}

/**
 * Three inferences for an emulator that traces: the first warms its caches up, the second is whole, the last is cut into
 * operators.
 */
export async function runTraced(
  session: Session,
  network: BoardNetwork,
  inputs: readonly Uint8Array[],
): Promise<TracedRuns> {
  await session.open(network);
  await loadAndRun(session, network, inputs, {});
  const report = await loadAndRun(session, network, inputs, {});
  const { counted } = await loadAndRun(session, network, inputs, { count: true });
  return { operators: counted.map(({ position }) => position), report };
}

/** Loads all inputs and runs; when the line lost events, it does so again. */
async function loadAndRun(
  session: Session,
  network: BoardNetwork,
  inputs: readonly Uint8Array[],
  options: RunOptions,
): Promise<RunReport> {
  if (inputs.length !== network.inputs.length) {
    throw new ReflowError(
      'E_INPUT',
      `${network.name} has ${network.inputs.length} inputs, ${inputs.length} were given`,
      'give one for each; see `reflow inspect`',
    );
  }
  for (let attempt = 0; attempt < 4; attempt++) {
    for (const [index, bytes] of inputs.entries()) await session.load(network, index, bytes);
    const report = await session.run(options);
    if (report.lost === 0) return report;
  }
  throw new ReflowError(
    'E_PROTOCOL',
    `the line lost messages in each of 4 runs of ${network.name}`,
    'check cable and baud rate',
  );
}

async function readOutputs(session: Session, network: BoardNetwork): Promise<TensorValue[]> {
  const outputs: TensorValue[] = [];
  for (const [index, tensor] of network.outputs.entries()) {
    outputs.push({ tensor, bytes: await session.read(network, index) });
  }
  return outputs;
}

function costs(identity: Identity, network: BoardNetwork, report: RunReport, total: number): Costs {
  return {
    board: identity.board,
    counter: identity.counterKind,
    clockHz: identity.clockHz,
    total,
    stackBytes: identity.stackReserveBytes === null ? null : report.stackBytes,
    arenaHighWater: report.arenaHighWater,
    arenaBytes: network.arenaBytes,
  };
}

/** A counter may tick several times per unit, e.g. 25.6 times per instruction: the rounded quotient is exact. */
function unitsOf({ ticks, units }: Identity, counted: number): number {
  return Math.round((counted * units) / ticks);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

function badPosition(network: BoardNetwork): ReflowError {
  return new ReflowError(
    'E_PROTOCOL',
    `the board reported an operator or tensor that ${network.name} does not have`,
    'build the image again with this reflow',
  );
}
