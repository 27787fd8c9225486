/**
 * A plan in one memory becomes one in several: every buffer wholly in one of them, at least cost of access. Steps, lifetimes and
 * what shares memory stay as they are; offsets are sought anew in each memory.
 */
import type { Graph } from '../ir/graph.js';
import type { PlanSolver } from './allocation.js';
import { type AssignmentPart, assignMemories, type Verdict } from './assign-memories.js';
import { trafficOf } from './memory-traffic.js';
import { mostLiveBytes, type Placement, placeLives } from './place-lives.js';
import { type Plan, type PlanBuffer, type PlanRegion, rowUnitBytes } from './plan.js';
import { type Cluster, clustersOf, type Piece } from './rigid-groups.js';
import type { RowLife } from './row-lives.js';

/** A memory that may hold activations. */
export interface ArenaMemory {
  readonly name: string;
  /** What is left in it for the network. */
  readonly roomBytes: number;
  /** Of the core, to read or write a byte of it. */
  readonly cyclesPerByte: number;
}

/** Null when no way to fit it into these memories was found. */
export function spreadPlan(
  graph: Graph,
  plan: Plan,
  memories: readonly ArenaMemory[],
  solver: PlanSolver,
): Plan | null {
  const clusters = clustersOf(graph, plan);
  const rooms = memories.map(({ roomBytes }) => roomBytes);
  const place = (held: readonly Cluster[], nodes: number, room?: number) =>
    placeLives(livesOf(held), solver, { seconds: mostSeconds, seed: 1, nodes: nodesFor(held, nodes) }, room);
  const judge = (memory: number, parts: readonly number[]): Verdict => {
    const held = clusters.filter((_, part) => parts.includes(part));
    const room = rooms[memory]!;
    const { arenaBytes, lowerBoundBytes } = place(held, leafNodes, room);
    if (arenaBytes <= room) return 'fits';
    return lowerBoundBytes > room ? 'impossible' : 'unknown';
  };
  const parts = partsOf(graph, plan, clusters, memories);
  const steps = Math.round(searchWork / Math.max(1, parts[0]?.profile.length ?? 0));
  const found = assignMemories({ parts, rooms, judge }, Math.min(mostSteps, steps));
  if (found === null) return null;
  const placed = memories.flatMap((memory, index) => {
    const held = clusters.filter((_, part) => found.memories[part] === index);
    if (held.length === 0) return [];
    // What the leaf found is a layout that fits; the longer search may only better it.
    const [quick, long] = [place(held, leafNodes, memory.roomBytes), place(held, finalNodes)];
    return [{ name: memory.name, held, placement: long.arenaBytes < quick.arenaBytes ? long : quick }];
  });
  return spreadOver(graph, plan, placed, livesOf(clusters), found.provenOptimal);
}

interface Placed {
  readonly name: string;
  readonly held: readonly Cluster[];
  readonly placement: Placement;
}

/** Search nodes for one buffer, at a leaf of the assignment and for the final layout; the time limit is for broken clocks only. */
const [leafNodes, finalNodes, mostSeconds] = [4e5, 4e6, 20];
const [mostSteps, searchWork] = [200_000, 4e7];

function nodesFor(held: readonly Cluster[], nodes: number): number {
  return Math.max(1, Math.round(nodes / piecesOf(held).length));
}

function piecesOf(clusters: readonly Cluster[]): Piece[] {
  return clusters.flatMap(({ pieces }) => pieces);
}

function livesOf(clusters: readonly Cluster[]): RowLife[] {
  return piecesOf(clusters).map(({ life }) => life);
}

function partsOf(
  graph: Graph,
  plan: Plan,
  clusters: readonly Cluster[],
  memories: readonly ArenaMemory[],
): AssignmentPart[] {
  const { tensors, scratch } = trafficOf(graph, plan.kernelSets);
  // Nothing is alive for the first time but at the birth of a piece.
  const births = [...new Set(livesOf(clusters).map(({ first }) => first))].sort((a, b) => a - b);
  return clusters.map(({ pieces, tensors: ids, scratchOf }) => {
    const moved =
      ids.reduce((sum, id) => sum + (tensors.get(id) ?? 0), 0) +
      scratchOf.reduce((sum, op) => sum + (scratch.get(op) ?? 0), 0);
    const profile = new Float64Array(births.length);
    for (const { life } of pieces)
      for (const [i, time] of births.entries())
        if (life.first <= time && time < life.last) profile[i]! += life.bytes;
    const peak = profile.reduce((most, bytes) => Math.max(most, bytes), 1);
    return {
      costs: memories.map(({ cyclesPerByte }) => moved * cyclesPerByte),
      urgency: moved / peak,
      profile,
    };
  });
}

function spreadOver(
  graph: Graph,
  plan: Plan,
  placed: readonly Placed[],
  all: readonly RowLife[],
  provenCheapest: boolean,
): Plan | null {
  const buffers: PlanBuffer[] = [...plan.buffers];
  for (const { name, held, placement } of placed)
    for (const [i, { members }] of piecesOf(held).entries())
      for (const { buffer, at } of members)
        buffers[buffer] = { ...buffers[buffer]!, region: name, offset: placement.offsets[i]! + at };
  const regions = placed.map(
    ({ name, placement: { arenaBytes, lowerBoundBytes } }): PlanRegion => ({
      name,
      bytes: arenaBytes,
      lowerBoundBytes: Math.min(arenaBytes, lowerBoundBytes),
    }),
  );
  if (!rowsAreOnGrid(graph, plan, buffers, regions)) return null;
  const arenaBytes = regions.reduce((sum, { bytes }) => sum + bytes, 0);
  const lowerBoundBytes = Math.min(plan.lowerBoundBytes, mostLiveBytes(all));
  const cheapest = provenCheapest ? 'the cheapest way' : 'the cheapest way found';
  return {
    ...plan,
    buffers,
    regions,
    arenaBytes,
    lowerBoundBytes,
    provenOptimal: arenaBytes === lowerBoundBytes,
    family:
      regions.length === 1
        ? plan.family
        : `${plan.family}; spread over ${regions.map(({ name }) => name).join(' and ')}, ${cheapest} for these buffers`,
  };
}

/** Row tables count in units that grow with their memory's part of the arena; a resident input lies in one piece and has none. */
function rowsAreOnGrid(
  { inputs }: Graph,
  { input }: Plan,
  buffers: readonly PlanBuffer[],
  regions: readonly PlanRegion[],
): boolean {
  const units = new Map(regions.map(({ name, bytes }) => [name, rowUnitBytes(bytes)]));
  const inOnePiece = (tensor: number | null) =>
    tensor !== null && input === 'resident' && inputs.includes(tensor);
  return buffers.every(
    ({ tensor, row, region, offset }) =>
      row === null || inOnePiece(tensor) || offset % units.get(region)! === 0,
  );
}
