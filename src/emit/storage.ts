/** Where the plan keeps each tensor, as the generated C addresses it. */
import { ReflowError } from '../base/error.js';
import type { Tensor } from '../ir/tensor.js';
import { dtypeBytes, tensorBytes } from '../ir/tensor.js';
import { type Plan, type PlanBuffer, rowUnitBytes } from '../plan/plan.js';

export type Storage =
  /** In one piece, `offset` bytes into the arena. */
  | { readonly kind: 'whole'; readonly offset: number }
  /** Row by row: row y is table[y] * unitBytes bytes into the arena. */
  | { readonly kind: 'rows'; readonly table: readonly number[]; readonly unitBytes: number };

export function storageOf(plan: Plan, tensor: Tensor): Storage {
  const buffers = plan.buffers.filter((buffer) => buffer.tensor === tensor.id);
  const first = buffers[0];
  if (!first) {
    throw new ReflowError(
      'E_INTERNAL',
      `the plan has no place for tensor ${tensor.id}`,
      'report this as a bug in reflow, with the network',
    );
  }
  if (first.row === null) return { kind: 'whole', offset: first.offset };
  const rowBytes = tensorBytes(tensor) / buffers.length;
  const offsets = byRow(buffers);
  if (offsets.every((offset, row) => offset === offsets[0]! + row * rowBytes))
    return { kind: 'whole', offset: offsets[0]! };
  const unitBytes = Math.max(rowUnitBytes(plan.arenaBytes), dtypeBytes[tensor.dtype]);
  return { kind: 'rows', table: offsets.map((offset) => offset / unitBytes), unitBytes };
}

/** First byte of a tensor in the arena; of one that lies row by row, that of its first row. */
export function offsetOf(plan: Plan, tensor: Tensor): number {
  const storage = storageOf(plan, tensor);
  return storage.kind === 'whole' ? storage.offset : storage.table[0]! * storage.unitBytes;
}

/** Where an operator's scratch lies: at one place, or, when it has one for each row, where a table says. */
export function scratchOf(plan: Plan, op: number): Storage {
  const buffers = plan.buffers.filter((buffer) => buffer.scratchOf === op);
  const offset = buffers[0]?.offset ?? 0;
  if (buffers.every((buffer) => buffer.offset === offset)) return { kind: 'whole', offset };
  const unitBytes = rowUnitBytes(plan.arenaBytes);
  return { kind: 'rows', table: byRow(buffers).map((at) => at / unitBytes), unitBytes };
}

function byRow(buffers: readonly PlanBuffer[]): number[] {
  const offsets: number[] = [];
  for (const { row, offset } of buffers) offsets[row!] = offset;
  return offsets;
}
