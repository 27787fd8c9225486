/** The planner: segments that run row by row, in-place operators, and offsets for every row. */
import { ReflowError } from '../base/error.js';
import type { Graph, OpId } from '../ir/graph.js';
import { defOf } from '../ops/index.js';
import { viewOp } from '../ops/op-def.js';
import type { PlanSolver, SolverLimits } from './allocation.js';
import { bestOrder } from './best-order.js';
import { type Cuts, cutSegments } from './cut-segments.js';
import { mostLiveBytes, type Placement, placeLives } from './place-lives.js';
import {
  type Plan,
  type PlanBuffer,
  type PlanSegment,
  type PlanStep,
  progressBytes,
  rowUnitBytes,
} from './plan.js';
import { type Kernels, kernelsOf, type RowGraph, rowGraph, wordBytes } from './row-graph.js';
import { alignUp, type RowLife, rowLives, type ScratchUse } from './row-lives.js';
import { type RowStep, segmentSteps } from './row-schedule.js';
import { spareMoves } from './spare-moves.js';

export interface PlanOptions {
  readonly objective: Plan['objective'];
  readonly input: Plan['input'];
  readonly kernelSets: Plan['kernelSets'];
  /** Name of the board's memory that holds the arena. */
  readonly region: string;
  readonly solver: PlanSolver;
  /** Bound on the search for offsets; the best layout so far is taken. */
  readonly seconds: number;
}

/** Plans a graph that `findUnsupported` accepts. */
export function planGraph(graph: Graph, asked: PlanOptions): Plan {
  const options = { ...asked, kernels: kernelChoices(asked) };
  const orders = ordersOf(graph, options);
  const layers = () => smallest(orders.map((order) => planLayers(graph, order, options)));
  if (options.objective === 'speed' && options.input === 'resident') return layers();
  const share = { ...options, seconds: options.seconds / orders.length };
  const rows = orders.map((order) => planRows(graph, order, share)).filter((plan) => plan !== null);
  if (options.input === 'resident') return smallest([layers(), ...rows]);
  return rows.length > 0 ? smallest(rows) : refuseSize(graph, 'rows');
}

interface Options extends PlanOptions {
  /** The kernels to plan with, preferred ones first. */
  readonly kernels: readonly Kernels[];
}

/** To save RAM first, kernels that take longer with less working memory are a choice too. */
function kernelChoices({ objective, kernelSets }: PlanOptions): Kernels[] {
  if (objective !== 'ram' || !kernelSets.includes('dsp')) return [kernelsOf(kernelSets)];
  const lean = kernelSets.flatMap((set) => (set === 'dsp' ? (['dsp_lean', set] as const) : [set]));
  return [kernelsOf(kernelSets), kernelsOf(lean)];
}

/** The first of those that need least memory. */
function smallest(plans: readonly Plan[]): Plan {
  return plans.reduce((a, b) => (b.arenaBytes < a.arenaBytes ? b : a));
}

/** A sequence in which the operators may run. */
interface Order {
  readonly ops: readonly OpId[];
  readonly words: string;
}

/** The file's order, and a better one when there is one for whole tensors. */
function ordersOf(graph: Graph, { solver, seconds, kernels }: Options): Order[] {
  const file = { ops: graph.ops.map((op) => op.id), words: "the file's operator order" };
  const whole = rowGraph(graph, file.ops, { ...inOnePiece, kernels: kernels[0]! });
  if (unitCount(whole) > mostBuffers) refuseSize(graph, 'tensors');
  const better = bestOrder(whole, solver, { seconds: seconds / 4, seed: 1, nodes: mostOrderNodes });
  return better === null
    ? [file]
    : [file, { ops: better, words: 'the best operator order for whole tensors' }];
}

/** Enough to prove the best order of nearly every network that is not a random one. */
const mostOrderNodes = 200_000;

/** Every tensor in one piece and every operator whole. */
function planLayers(graph: Graph, { ops, words }: Order, options: Options): Plan {
  const rows = rowGraph(graph, ops, { ...inOnePiece, kernels: options.kernels[0]! });
  const family = `whole tensors, ${words}, in place where an operator allows it`;
  const layout = layOut({ rows, cuts: cutSegments(rows, 1) }, options, options.seconds / 8);
  return planOf(graph, options, layout, family);
}

const inOnePiece = { input: 'resident', byRow: false, shifted: false, rowAlignment: wordBytes } as const;

/** Row by row; null when there are too many rows. */
function planRows(graph: Graph, { ops, words }: Order, options: Options): Plan | null {
  for (let rowAlignment = wordBytes; ; rowAlignment *= 4) {
    const variants = options.kernels.flatMap((kernels) =>
      [false, true].map((shifted) =>
        rowGraph(graph, ops, { input: options.input, kernels, byRow: true, shifted, rowAlignment }),
      ),
    );
    if (variants[0]!.ops.reduce((sum, { steps }) => sum + steps, 0) > mostSteps) return null;
    const layout = bestLayout(variants, options);
    if (layout === null) return null;
    // Beyond a row table's reach the table counts in larger units, on which every row must then start.
    if (rowUnitBytes(layout.packing.arenaBytes) > rowAlignment) continue;
    const shifts = layout.rows.ops.some(({ shiftBytes }) => shiftBytes !== null);
    const { cuts, rows } = layout;
    const every =
      cuts.maxLength < rows.ops.length ? `segments of at most ${cuts.maxLength} operators` : 'all segments';
    const family = `row streaming without recomputation, ${words}, ${every}, in place where an operator allows it`;
    return planOf(
      graph,
      options,
      layout,
      shifts ? `${family}, rows shifted over dying rows as in this plan` : family,
    );
  }
}

function bestLayout(variants: readonly RowGraph[], options: Options): Layout | null {
  const cut = variants.map(cutWithin).filter((one) => one !== null);
  if (cut.length === 0) return null;
  cut.sort((a, b) => a.cuts.peakBytes - b.cuts.peakBytes);
  const first = cut[0]!;
  const second = cut.find(({ cuts }) => cuts.peakBytes > first.cuts.peakBytes);
  const layout = layOut(first, options, options.seconds * (second ? 0.7 : 0.9));
  // What has the smaller peak need not have the smaller layout.
  if (!second || layout.packing.arenaBytes <= second.cuts.peakBytes) return layout;
  const other = layOut(second, options, options.seconds / 4);
  return other.packing.arenaBytes < layout.packing.arenaBytes ? other : layout;
}

/** The cuts with the smallest peak among those that leave a number of buffers that can be placed; null when none does. */
function cutWithin(graph: RowGraph): Cut | null {
  for (let length = longestSegment(graph); length >= 1; length = Math.floor(length / 2)) {
    const cuts = cutSegments(graph, length);
    const rows = spareMoves(graph, cuts);
    if (unitCount(rows) <= mostBuffers) return { rows, cuts };
  }
  return null;
}

/** More buffers than this would take the search for offsets minutes and gigabytes. */
const mostBuffers = 4096;
/** Rows of all operators together. */
const mostSteps = 50_000;
/** Steps that may be simulated to find the segments. */
const mostSimulatedSteps = 4_000_000;

function unitCount({ tensors }: RowGraph): number {
  return [...tensors.values()].reduce((sum, { units }) => sum + units, 0);
}

function refuseSize(graph: Graph, what: string): never {
  throw new ReflowError(
    'E_UNSUPPORTED',
    `${graph.name} has more than ${mostBuffers} ${what} to place`,
    what === 'rows' ? 'plan with the input resident' : 'split the network into smaller ones',
  );
}

/** Operators in a segment: each is simulated in every segment that holds it, which is about half the square of this. */
function longestSegment({ ops }: RowGraph): number {
  const steps = ops.reduce((sum, op) => sum + op.steps, 0);
  const affordable = Math.floor(Math.sqrt((2 * mostSimulatedSteps) / Math.max(1, steps)));
  return Math.max(1, Math.min(ops.length, mostParts, affordable));
}

/** A segment's table of turns has a byte for each. */
const mostParts = 255;

interface Cut {
  readonly rows: RowGraph;
  readonly cuts: Cuts;
}

interface Layout extends Cut {
  readonly steps: readonly RowStep[];
  readonly segments: readonly PlanSegment[];
  readonly lives: readonly RowLife[];
  readonly packing: Placement;
}

function layOut({ rows, cuts }: Cut, options: PlanOptions, seconds: number): Layout {
  const parts = cuts.segments.map(({ first, last }) => segmentSteps(rows, first, last));
  const steps = parts.flat();
  let end = 0;
  const segments = parts.map((part) => {
    end += part.length;
    return { first: end - part.length, last: end };
  });
  const progress = progressLives(rows, segments, steps);
  const livesWith = (scratch: ScratchUse) => [...rowLives(rows, steps, segments, scratch), ...progress];
  const [shared, byStep] = [livesWith('shared'), livesWith('byStep')];
  // A scratch for each step takes a table in the code, so it has to be worth it.
  const lives = mostLiveBytes(shared) > scratchTablesWorth * mostLiveBytes(byStep) ? byStep : shared;
  return {
    rows,
    cuts,
    steps,
    segments,
    lives,
    packing: placeLives(lives, options.solver, effort(lives, seconds)),
  };
}

/** How much more memory one scratch for everything may take than one for each step. */
const scratchTablesWorth = 1.01;

/** Search nodes rather than time, so that the same plan comes out on every machine that is not much slower than most. */
function effort(lives: readonly RowLife[], seconds: number): SolverLimits {
  const nodes = Math.round((seconds * nodesPerSecond) / lives.length);
  return { seconds, seed: 1, nodes };
}

/** Of the native solver, for one buffer, on a machine with other work to do; an idle one takes a third of the time. */
const nodesPerSecond = 5e7;

/**
 * A network with streamed input stops at each row: what it must remember lies in the arena, `rf` emits it as eight bytes and
 * a 16-bit counter for each operator of the segment.
 */
function progressLives(
  rows: RowGraph,
  segments: readonly PlanSegment[],
  steps: readonly RowStep[],
): RowLife[] {
  const streaming = segments.filter(({ first, last }) =>
    steps.slice(first, last).some(({ op }) => rows.ops[op]!.op === null),
  );
  if (streaming.length === 0) return [];
  const parts = streaming.map(
    ({ first, last }) => new Set(steps.slice(first, last).map(({ op }) => op)).size,
  );
  const bytes = alignUp(progressBytes(Math.max(...parts)), wordBytes);
  const life = { bytes, alignment: wordBytes, first: 0, last: steps.length, fixedOffset: null };
  const nothing = { units: [], places: [], spans: [], scratchOf: null, scratchStep: null };
  return [{ ...life, ...nothing }];
}

function planOf(graph: Graph, options: PlanOptions, layout: Layout, family: string): Plan {
  const { rows, steps, segments, lives, packing } = layout;
  const arenaBytes = packing.arenaBytes;
  // Below the live bytes of its own schedule no placement can go, and below the best cut's peak no schedule of the family.
  const progress = lives.find((life) => life.units.length === 0 && life.scratchOf === null)?.bytes ?? 0;
  const lowerBoundBytes = alignUp(
    Math.min(layout.cuts.peakBytes + progress, packing.lowerBoundBytes),
    wordBytes,
  );
  return {
    graph: graph.name,
    objective: options.objective,
    input: options.input,
    kernelSets: rows.kernels.sets,
    steps: steps.map(({ op, y }) => planStep(rows, op, y)),
    segments,
    buffers: lives.flatMap((life, index) => planBuffers(rows, life, packing.offsets[index]!, options.region)),
    regions: [{ name: options.region, bytes: arenaBytes, lowerBoundBytes: packing.lowerBoundBytes }],
    weights: [],
    arenaBytes,
    lowerBoundBytes,
    provenOptimal: arenaBytes === lowerBoundBytes,
    family,
    macs: graph.ops.reduce((sum, op) => sum + defOf(op).macs(viewOp(graph, op)), 0),
    extraMacs: 0,
    scratchBytes: Math.max(0, ...lives.filter((life) => life.scratchOf !== null).map((life) => life.bytes)),
  };
}

function planStep(rows: RowGraph, position: number, y: number): PlanStep {
  const { op, outputs } = rows.ops[position]!;
  return { op, tensor: op === null ? outputs[0]!.tensor : null, row: y };
}

function planBuffers(rows: RowGraph, life: RowLife, offset: number, region: string): PlanBuffer[] {
  const place = { region, offset, first: life.first, last: life.last };
  if (life.units.length === 0)
    return (life.scratchOf ?? [null]).map((op) => ({
      ...place,
      tensor: null,
      row: life.scratchStep,
      scratchOf: op === null ? null : rows.ops[op]!.op,
      bytes: life.bytes,
    }));
  return life.units.map(({ tensor, row }, index) => {
    const { units, unitBytes } = rows.tensors.get(tensor)!;
    const { first, last } = life.spans[index]!;
    return {
      ...place,
      offset: offset + life.places[index]!,
      tensor,
      row: units === 1 ? null : row,
      scratchOf: null,
      bytes: unitBytes,
      first,
      last,
    };
  });
}
