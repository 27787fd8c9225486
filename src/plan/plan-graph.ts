/** The planner: segments that run row by row, in-place operators, and offsets for every row. */
import { ReflowError } from '../base/error.js';
import type { Graph, OpId } from '../ir/graph.js';
import { defOf } from '../ops/index.js';
import { viewOp } from '../ops/op-def.js';
import { alignUp, wordBytes } from './alignment.js';
import type { PlanSolver, SolverLimits } from './allocation.js';
import { bestOrder } from './best-order.js';
import { type Cuts, cutSegments, layerInstructions } from './cut-segments.js';
import { type Kernels, kernelsOf } from './kernel-choices.js';
import { mostLiveBytes, type Placement, placeLives } from './place-lives.js';
import {
  type Plan,
  type PlanBuffer,
  type PlanSegment,
  type PlanStep,
  progressBytes,
  rowUnitBytes,
} from './plan.js';
import { type RowGraph, rowGraph } from './row-graph.js';
import { type RowLife, rowLives, type ScratchUse } from './row-lives.js';
import { joinSteps, type Steps, segmentSteps } from './row-schedule.js';
import { searchShifts } from './shift-search.js';
import { spareMoves } from './spare-moves.js';
import { unitGraph } from './unit-graph.js';

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
  const options = { ...asked, kernels: kernelsOf(asked.kernelSets) };
  const orders = ordersOf(graph, options);
  const layers = () => smallest(orders.map((order) => planLayers(graph, order, options)));
  if (options.objective === 'speed') return layers();
  const share = { ...options, seconds: options.seconds / orders.length };
  const rows = orders.map((order) => planRows(graph, order, share)).filter((plan) => plan !== null);
  if (options.input === 'resident') return smallest([layers(), ...rows]);
  return rows.length > 0 ? smallest(rows) : refuseSize(graph, 'rows');
}

interface Options extends PlanOptions {
  readonly kernels: Kernels;
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
  const whole = rowGraph(graph, file.ops, { ...inOnePiece, input: 'resident', kernels });
  if (unitCount(whole) > mostBuffers) refuseSize(graph, 'tensors');
  const better = bestOrder(whole, solver, { seconds: seconds / 4, seed: 1, nodes: mostOrderNodes });
  return better === null
    ? [file]
    : [file, { ops: better, words: 'the best operator order for whole tensors' }];
}

/** Enough to prove the best order of nearly every network that is not a random one. */
const mostOrderNodes = 200_000;

/** Every tensor in one piece and every operator whole, with the fastest kernels. */
function planLayers(graph: Graph, { ops, words }: Order, options: Options): Plan {
  const { input, kernels } = options;
  const whole = rowGraph(graph, ops, { ...inOnePiece, input, kernels });
  const family = `whole tensors, ${words}, in place where an operator allows it`;
  const cut = cutSegments(whole, { maxLength: 1, instructions: layerInstructions(whole) });
  return planOf(graph, options, layOut(cut, options, options.seconds / 8), family);
}

const inOnePiece = { byRow: false, shifted: false, rowAlignment: wordBytes } as const;

/** `balanced` plans take at most this much more than layer by layer, as estimated. */
const balancedInstructions = 1.05;

/** Row by row; null when there are too many rows. */
function planRows(graph: Graph, { ops, words }: Order, options: Options): Plan | null {
  const { input, kernels, objective } = options;
  for (let rowAlignment = wordBytes; ; rowAlignment *= 4) {
    const variants = [false, true].map((shifted) =>
      rowGraph(graph, ops, { input, kernels, byRow: true, shifted, rowAlignment }),
    );
    if (variants[0]!.ops.reduce((sum, { steps }) => sum + steps, 0) > mostSteps) return null;
    const most =
      objective === 'ram' ? Number.POSITIVE_INFINITY : balancedInstructions * layerInstructions(variants[0]!);
    const layout = bestLayout(variants, most, options);
    if (layout === null) return null;
    // Beyond a row table's reach the table counts in larger units, on which every row must then start.
    if (rowUnitBytes(layout.packing.arenaBytes) > rowAlignment) continue;
    return planOf(graph, options, layout, familyOf(layout, words, objective));
  }
}

function familyOf({ rows, cuts }: Layout, words: string, objective: Plan['objective']): string {
  const every =
    cuts.maxLength < rows.ops.length ? `segments of at most ${cuts.maxLength} operators` : 'all segments';
  const kernels = objective === 'ram' ? 'all kernels' : 'all kernels within 5 % more instructions';
  const shifts = rows.ops.some(({ shiftBytes }) => shiftBytes !== null);
  const family = `row streaming without recomputation, ${words}, ${every}, ${kernels}, in place where an operator allows it`;
  return shifts ? `${family}, rows shifted over dying rows as in this plan` : family;
}

function bestLayout(variants: readonly RowGraph[], instructions: number, options: Options): Layout | null {
  const shifting = variants.at(-1)!;
  const different = shiftCount({ rows: shifting }) > 0 ? variants : [shifting];
  const cuts = different.flatMap((variant) => cutsWithin(variant, shifting, instructions));
  cuts.sort((a, b) => a.cuts.peakBytes - b.cuts.peakBytes || shiftCount(a) - shiftCount(b));
  let best: Layout | null = null;
  for (const [rank, cut] of cuts.entries()) {
    // What has the smaller peak need not have the smaller layout.
    if (best && best.packing.arenaBytes <= cut.cuts.peakBytes) break;
    if (rank > 0 && cut.cuts.peakBytes === cuts[rank - 1]!.cuts.peakBytes) continue;
    const layout = layOut(cut, options, options.seconds / 2 ** (rank + 1));
    if (!best || layout.packing.arenaBytes < best.packing.arenaBytes) best = layout;
  }
  return best;
}

function shiftCount({ rows }: Pick<Cut, 'rows'>): number {
  return rows.ops.filter(({ shiftBytes }) => shiftBytes !== null).length;
}

/**
 * The cuts with the smallest peak, and what becomes of them when single operators shift; among those that leave a number of
 * buffers that can be placed.
 */
function cutsWithin(graph: RowGraph, shifting: RowGraph, instructions: number): Cut[] {
  for (let maxLength = longestSegment(graph); maxLength >= 1; maxLength = Math.floor(maxLength / 2)) {
    const found = cutSegments(graph, { maxLength, instructions });
    const searched = searchShifts(shifting, found, instructions);
    const pays = searched.cuts.peakBytes < shiftingWorth * found.cuts.peakBytes;
    const cuts = (pays ? [found, searched] : [found]).map(({ rows, cuts }) => ({
      cuts,
      rows: spareMoves(rows, cuts),
    }));
    const placeable = cuts.filter(({ rows }) => unitCount(rows) <= mostBuffers);
    if (placeable.length > 0) return placeable;
  }
  return [];
}

/** Odd sizes cost about as much when they are placed. */
const shiftingWorth = 0.98;

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
  // Where every operator runs at once, a segment of several is the same as each alone.
  if (steps === ops.length) return 1;
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
  readonly steps: Steps;
  readonly segments: readonly PlanSegment[];
  readonly lives: readonly RowLife[];
  readonly packing: Placement;
}

function layOut({ rows, cuts }: Cut, options: PlanOptions, seconds: number): Layout {
  const units = unitGraph(rows);
  const parts = cuts.segments.map(({ first, last }) => segmentSteps(units, first, last));
  const steps = joinSteps(parts);
  let end = 0;
  const segments = parts.map(({ count }) => {
    end += count;
    return { first: end - count, last: end };
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
  const nodes = Math.round((seconds * nodesPerSecond) / lives.length ** 1.5);
  return { seconds, seed: 1, nodes };
}

/** Of the native solver, for one buffer; large networks, which take longest in other ways, get less than their share. */
const nodesPerSecond = 1e9;

/**
 * A network with streamed input stops at each row: what it must remember lies in the arena, `rf` emits it as eight bytes and
 * a 16-bit counter for each operator of the segment.
 */
function progressLives(rows: RowGraph, segments: readonly PlanSegment[], { op, count }: Steps): RowLife[] {
  const parts = segments
    .map(({ first, last }) => new Set(op.subarray(first, last)))
    .filter((ops) => [...ops].some((position) => rows.ops[position]!.op === null));
  if (parts.length === 0) return [];
  const bytes = alignUp(progressBytes(Math.max(...parts.map(({ size }) => size))), wordBytes);
  const life = { bytes, alignment: wordBytes, first: 0, last: count, fixedOffset: null };
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
    leaner: rows.ops.flatMap(({ op, kernels, kernel }) => {
      const { choice } = kernels[kernel]!;
      return op === null || choice === 0 ? [] : [{ op, choice }];
    }),
    steps: Array.from(steps.op, (op, time) => planStep(rows, op, steps.y[time]!)),
    segments,
    buffers: lives.flatMap((life, index) => planBuffers(rows, life, packing.offsets[index]!, options.region)),
    regions: [{ name: options.region, bytes: arenaBytes, lowerBoundBytes: packing.lowerBoundBytes }],
    weights: [],
    arenaBytes,
    lowerBoundBytes,
    provenOptimal: arenaBytes === lowerBoundBytes,
    engine: options.solver.engine,
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
