/** Where the plan keeps each tensor, as the generated C addresses it. */
import { ReflowError } from '../base/error.js';
import type { Tensor } from '../ir/tensor.js';
import { dtypeBytes, tensorBytes } from '../ir/tensor.js';
import type { Plan } from '../plan/plan.js';

export type Storage =
  /** In one piece, `offset` bytes into the arena. */
  | { readonly kind: 'whole'; readonly offset: number }
  /** Row by row: row y is table[y] * unitBytes bytes into the arena. */
  | { readonly kind: 'rows'; readonly table: readonly number[]; readonly unitBytes: number };

/** Row tables hold 16-bit numbers; their unit grows with the arena. A row's offset is a multiple of this. */
export function rowUnitBytes(arenaBytes: number): number {
  let unit = 4;
  while (arenaBytes / unit > 65_535) unit *= 4;
  return unit;
}

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
  const offsets: number[] = [];
  for (const buffer of buffers) offsets[buffer.row!] = buffer.offset;
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
