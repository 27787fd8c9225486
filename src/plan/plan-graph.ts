/** The planner: segments that run row by row, in-place operators, and offsets for every row. */
import { ReflowError } from '../base/error.js';
import type { Graph } from '../ir/graph.js';
import { defOf } from '../ops/index.js';
import { viewOp } from '../ops/op-def.js';
import type { PlanSolver } from './allocation.js';
import { type Cuts, cutSegments } from './cut-segments.js';
import { type Placement, placeLives } from './place-lives.js';
import { type Plan, type PlanBuffer, type PlanSegment, type PlanStep, progressBytes } from './plan.js';
import { type RowGraph, rowGraph } from './row-graph.js';
import { alignUp, type RowLife, rowLives, wordBytes } from './row-lives.js';
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
  const inOnePiece = rowGraph(graph, order, { ...options, input: 'resident', byRow: false });
  if (unitCount(inOnePiece) > mostBuffers) refuseSize(graph, unitCount(inOnePiece), 'tensors');
  const whole = layOut(inOnePiece, 1, options);
  const wholeFamily = "whole tensors, the file's operator order, in place where an operator allows it";
  if (options.objective === 'speed' && options.input === 'resident')
    return planOf(graph, options, whole, wholeFamily);
  const byRow = rowGraph(graph, order, { ...options, byRow: true });
  const count = Math.max(unitCount(byRow), ...byRow.ops.map(({ steps }) => steps));
  const tooMany = count > mostBuffers;
  if (tooMany && options.input === 'streamed') refuseSize(graph, count, 'rows');
  if (tooMany) return planOf(graph, options, whole, wholeFamily);
  const rows = layOut(byRow, longestSegment(byRow), options);
  const rowFamily =
    "row streaming without recomputation, the file's operator order, in place where an operator allows it";
  const streaming = options.input === 'streamed' || rows.packing.arenaBytes < whole.packing.arenaBytes;
  return streaming ? planOf(graph, options, rows, rowFamily) : planOf(graph, options, whole, wholeFamily);
}

/** More buffers than this would take the search for offsets minutes and gigabytes. */
const mostBuffers = 2048;
/** Steps that may be simulated to find the segments. */
const mostSimulatedSteps = 4_000_000;

function unitCount({ tensors }: RowGraph): number {
  return [...tensors.values()].reduce((sum, { units }) => sum + units, 0);
}

function refuseSize(graph: Graph, count: number, what: string): never {
  throw new ReflowError(
    'E_UNSUPPORTED',
    `${graph.name} has ${count} ${what} to place; at most ${mostBuffers} are supported`,
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

interface Layout {
  readonly rows: RowGraph;
  readonly cuts: Cuts;
  readonly steps: readonly RowStep[];
  readonly segments: readonly PlanSegment[];
  readonly lives: readonly RowLife[];
  readonly packing: Placement;
}

function layOut(rows: RowGraph, maxLength: number, options: PlanOptions): Layout {
  const cuts = cutSegments(rows, maxLength);
  const parts = cuts.segments.map(({ first, last }) => segmentSteps(rows, first, last));
  const steps = parts.flat();
  let end = 0;
  const segments = parts.map((part) => {
    end += part.length;
    return { first: end - part.length, last: end };
  });
  const lives = [...rowLives(rows, steps), ...progressLives(rows, segments, steps)];
  return { rows, cuts, steps, segments, lives, packing: placeLives(lives, options.solver, { seconds: options.seconds, seed: 1 }) };
}

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
  return [{ ...life, units: [], spans: [], scratchOf: null }];
}

function planOf(graph: Graph, options: PlanOptions, layout: Layout, family: string): Plan {
  const { rows, steps, segments, lives, packing } = layout;
  const arenaBytes = packing.arenaBytes;
  // Below the live bytes of its own schedule no placement can go, and below the best cut's peak no schedule of the family.
  const progress = lives.find((life) => life.units.length === 0 && life.scratchOf === null)?.bytes ?? 0;
  const lowerBoundBytes = alignUp(Math.min(layout.cuts.peakBytes + progress, packing.lowerBoundBytes), wordBytes);
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
      row: null,
      scratchOf: op === null ? null : rows.ops[op]!.op,
      bytes: life.bytes,
    }));
  return life.units.map(({ tensor, row }, index) => {
    const { units, unitBytes } = rows.tensors.get(tensor)!;
    const { first, last } = life.spans[index]!;
    return {
      ...place,
      tensor,
      row: units === 1 ? null : row,
      scratchOf: null,
      bytes: unitBytes,
      first,
      last,
    };
  });
}
