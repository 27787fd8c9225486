/** Which bytes of the arena no longer matter after each call of an operator, as the plan states it. */
import type { EmittedOp } from '../src/emit/emit-project.js';
import { isProgram, segmentsOf } from '../src/emit/segment.js';
import { runsInPieces } from '../src/emit/step.js';
import type { Graph } from '../src/ir/graph.js';
import type { Plan, PlanBuffer } from '../src/plan/plan.js';

export interface Bytes {
  /** Position in `Plan.regions`. */
  readonly memory: number;
  readonly offset: number;
  readonly bytes: number;
}

/** For each call between two hooks, in order: the bytes that died since the call before it. */
export function deadBytes(graph: Graph, plan: Plan, ops: readonly EmittedOp[]): Bytes[][] {
  let done = -1;
  return lastSteps(graph, plan, ops).map((time) => {
    const died = plan.buffers.filter(({ last }) => last > done + 1 && last <= time + 1);
    const alive = plan.buffers.filter(({ first, last }) => first <= time && last > time + 1);
    done = time;
    return died.flatMap((buffer) => {
      const memory = plan.regions.findIndex(({ name }) => name === buffer.region);
      const others = alive.filter(({ region }) => region === buffer.region);
      return without(buffer, others).map((bytes) => ({ memory, ...bytes }));
    });
  });
}

/** The last step that each call runs. */
function lastSteps(graph: Graph, plan: Plan, ops: readonly EmittedOp[]): number[] {
  return segmentsOf({ plan, ops }).flatMap((segment, index) => {
    const { first, last } = plan.segments[index]!;
    const alone = segment.parts[0]!;
    if (!isProgram(segment) && !runsInPieces({ graph, plan }, alone)) return [last - 1];
    const times = Array.from({ length: last - first }, (_, i) => first + i);
    return times.filter((time) => plan.steps[time]!.op !== null);
  });
}

function without({ offset, bytes }: PlanBuffer, others: readonly PlanBuffer[]): Part[] {
  let parts: Part[] = [{ offset, bytes }];
  for (const other of others) {
    const end = other.offset + other.bytes;
    parts = parts.flatMap((part) => [
      ...piece(part.offset, Math.min(part.offset + part.bytes, other.offset)),
      ...piece(Math.max(part.offset, end), part.offset + part.bytes),
    ]);
  }
  return parts;
}

type Part = Omit<Bytes, 'memory'>;

function piece(from: number, to: number): Part[] {
  return from < to ? [{ offset: from, bytes: to - from }] : [];
}
