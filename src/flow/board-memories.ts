/** What a board's memories can give a network, and what a plan takes of each. */
import { type Board, type Memory, memoriesFor, memoryFor } from '../hw/board.js';
import { cyclesPerByte } from '../hw/memory-cost.js';
import { type Graph, tensorOf } from '../ir/graph.js';
import { tensorBytes } from '../ir/tensor.js';
import type { Plan } from '../plan/plan.js';
import type { MemoryPlanOptions } from '../plan/plan-memories.js';

/** Most bytes of initialised and zeroed data that the firmware has; where the linker finds more, it says so. */
export const firmwareDataBytes = 3072;

/** What of a memory is not for activations: stack, firmware data, and the input that stands for a sensor. */
function besidesArena(board: Board, memory: Memory, sourceBytes: number): number {
  const holds = (use: 'stack' | 'data') => memoryFor(board, use) === memory;
  return (
    (holds('stack') ? board.firmware.stackBytes : 0) + (holds('data') ? firmwareDataBytes + sourceBytes : 0)
  );
}

/** Size of the largest input, which the firmware keeps when it is streamed. */
function sourceBytes(graph: Graph, input: Plan['input']): number {
  if (input === 'resident') return 0;
  return Math.max(0, ...graph.inputs.map((id) => tensorBytes(tensorOf(graph, id))));
}

/** The board's memories as the planner sees them. */
export function memoryOptions(
  graph: Graph,
  board: Board,
  input: Plan['input'],
): Pick<MemoryPlanOptions, 'region' | 'memories' | 'weights'> {
  const source = sourceBytes(graph, input);
  const ramRoom = (memory: Memory) => Math.max(0, memory.bytes - besidesArena(board, memory, source));
  const loader = (memory: Memory) =>
    memory === memoryFor(board, 'code') ? (board.flash?.loaderBytes ?? 0) : 0;
  return {
    region: memoryFor(board, 'arena').name,
    memories: memoriesFor(board, 'arena').map((memory) => ({
      name: memory.name,
      roomBytes: ramRoom(memory),
      cyclesPerByte: cyclesPerByte(memory),
    })),
    weights: memoriesFor(board, 'weights').map((memory) => {
      const isCopy = memory.kind.endsWith('ram');
      return {
        name: memory.name,
        isCopy,
        roomBytes: isCopy ? ramRoom(memory) : memory.bytes - loader(memory),
        cyclesPerByte: cyclesPerByte(memory),
      };
    }),
  };
}

/** What a network takes of one memory, in parts; `used` is all of it with the stack and a resident loader. */
export interface MemoryUsage {
  readonly name: string;
  readonly kind: Memory['kind'];
  readonly bytes: number;
  readonly used: number;
  readonly arenaBytes: number;
  /** No layout of the buffers that lie here is smaller. */
  readonly lowerBoundBytes: number;
  /** Constants of the network that lie here, and copies of such. */
  readonly weightBytes: number;
}

export interface PlacedConstants {
  readonly constantBytes: number;
  readonly placedWeights: readonly {
    readonly memory: string;
    readonly copy: string | null;
    readonly bytes: number;
  }[];
}

/** Code comes on top and is known only after the build. */
export function memoryUsage(board: Board, plan: Plan, constants: PlacedConstants): MemoryUsage[] {
  const first = memoryFor(board, 'weights').name;
  const { constantBytes, placedWeights } = constants;
  const elsewhere = placedWeights.reduce((sum, { memory, bytes }) => sum + (memory === first ? 0 : bytes), 0);
  return board.memories.map((memory) => {
    const { name, kind, bytes } = memory;
    const region = plan.regions.find((one) => one.name === name);
    const placed = placedWeights.filter(
      (one) => (one.memory === name && name !== first) || one.copy === name,
    );
    const weightBytes =
      placed.reduce((sum, one) => sum + one.bytes, 0) +
      (name === first ? Math.max(0, constantBytes - elsewhere) : 0);
    const stack = memoryFor(board, 'stack') === memory ? board.firmware.stackBytes : 0;
    const loader = memoryFor(board, 'code') === memory ? (board.flash?.loaderBytes ?? 0) : 0;
    const arenaBytes = region?.bytes ?? 0;
    const used = arenaBytes + weightBytes + stack + loader;
    return {
      name,
      kind,
      bytes,
      used,
      arenaBytes,
      lowerBoundBytes: region?.lowerBoundBytes ?? 0,
      weightBytes,
    };
  });
}

/** Bytes that a plan's arena may take of each memory that is listed for arenas. */
export function arenaRooms(board: Board, usage: readonly MemoryUsage[]): ReadonlyMap<string, number> {
  return new Map(
    usage
      .filter(({ name }) => memoriesFor(board, 'arena').some((memory) => memory.name === name))
      .map(({ name, bytes, used, arenaBytes }) => [name, bytes - used + arenaBytes]),
  );
}
