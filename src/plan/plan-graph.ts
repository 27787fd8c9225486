/** The planner: segments that run row by row, in-place operators, and offsets for every row. */
import { ReflowError } from '../base/error.js';
import type { Graph, OpId } from '../ir/graph.js';
import { defOf } from '../ops/index.js';
import { viewOp } from '../ops/op-def.js';
import type { PlanSolver, SolverLimits } from './allocation.js';
import { type Cuts, cutSegments, leastShifting } from './cut-segments.js';
import { mostLiveBytes, type Placement, placeLives } from './place-lives.js';
import {
  type Plan,
  type PlanBuffer,
  type PlanSegment,
  type PlanStep,
  progressBytes,
  rowUnitBytes,
} from './plan.js';
import { type RowGraph, rowGraph, wordBytes } from './row-graph.js';
import { alignUp, type RowLife, rowLives, type ScratchUse } from './row-lives.js';
import { type RowStep, segmentSteps } from './row-schedule.js';

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
export function planGraph(graph: Graph, options: PlanOptions): Plan {
  const order = graph.ops.map((op) => op.id);
  const layers = planLayers(graph, order, options);
  if (options.objective === 'speed' && options.input === 'resident') return layers();
  const rows = planRows(graph, order, options);
  if (options.input === 'streamed') return rows ?? refuseSize(graph, 'rows');
  const whole = layers();
  return rows !== null && rows.arenaBytes < whole.arenaBytes ? rows : whole;
}

/** Every tensor in one piece and every operator whole. */
function planLayers(graph: Graph, order: readonly OpId[], options: PlanOptions): () => Plan {
  const rows = rowGraph(graph, order, { ...options, ...inOnePiece });
  if (unitCount(rows) > mostBuffers) refuseSize(graph, 'tensors');
  const family = "whole tensors, the file's operator order, in place where an operator allows it";
  return () =>
    planOf(
      graph,
      options,
      layOut({ rows, cuts: cutSegments(rows, 1) }, options, options.seconds / 4),
      family,
    );
}

const inOnePiece = { input: 'resident', byRow: false, shifted: false, rowAlignment: wordBytes } as const;

/** Row by row; null when there are too many rows. */
function planRows(graph: Graph, order: readonly OpId[], options: PlanOptions): Plan | null {
  const family =
    "row streaming without recomputation, the file's operator order, in place and shifted where an operator allows it";
  for (let rowAlignment = wordBytes; ; rowAlignment *= 4) {
    const variants = [false, true].map((shifted) =>
      rowGraph(graph, order, { ...options, byRow: true, shifted, rowAlignment }),
    );
    if (Math.max(unitCount(variants[0]!), ...variants[0]!.ops.map(({ steps }) => steps)) > mostBuffers)
      return null;
    const cut = variants.map((rows) => {
      const cuts = cutSegments(rows, longestSegment(rows));
      return { rows: leastShifting(rows, cuts), cuts };
    });
    cut.sort((a, b) => a.cuts.peakBytes - b.cuts.peakBytes);
    let layout = layOut(cut[0]!, options, options.seconds / 2);
    // What has the smaller peak need not have the smaller layout.
    if (layout.packing.arenaBytes > cut[1]!.cuts.peakBytes) {
      const other = layOut(cut[1]!, options, options.seconds / 4);
      if (other.packing.arenaBytes < layout.packing.arenaBytes) layout = { ...other, cuts: layout.cuts };
    }
    // Beyond a row table's reach the table counts in larger units, on which every row must then start.
    if (rowUnitBytes(layout.packing.arenaBytes) <= rowAlignment)
      return planOf(graph, options, layout, family);
  }
}

/** More buffers than this would take the search for offsets minutes and gigabytes. */
const mostBuffers = 2048;
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
  return Math.max(
    1,
    Math.min(ops.length, Math.floor(Math.sqrt((2 * mostSimulatedSteps) / Math.max(1, steps)))),
  );
}

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
  const nodes = Math.round(seconds * (nodesPerSecond / lives.length + 20 * lives.length));
  return { seconds, seed: 1, nodes };
}

/** Of the native solver, for one buffer, at half its speed on a small machine. */
const nodesPerSecond = 4e7;

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
    kernelSets: options.kernelSets,
    steps: steps.map(({ op, y }) => planStep(rows, op, y)),
    segments,
    buffers: lives.flatMap((life, index) => planBuffers(rows, life, packing.offsets[index]!, options.region)),
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
