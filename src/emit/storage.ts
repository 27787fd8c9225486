/** Where the plan keeps each tensor, as the generated C addresses it. */
import { ReflowError } from '../base/error.js';
import type { Tensor } from '../ir/tensor.js';
import { dtypeBytes, tensorBytes } from '../ir/tensor.js';
import { type Plan, type PlanBuffer, rowUnitBytes } from '../plan/plan.js';
import type { WeightPlace } from './constants.js';

export type Storage = {
  /** C expression of where the plan's memory begins: the caller's arena, or an array of the network's own. */
  readonly base: string;
} & (
  | /** In one piece, `offset` bytes behind the base. */
  { readonly kind: 'whole'; readonly offset: number }
  /** Row by row: row y is table[y] * unitBytes bytes behind the base. */
  | { readonly kind: 'rows'; readonly table: readonly number[]; readonly unitBytes: number }
);

/** Part of a plan in one memory. */
export type Region = Plan['regions'][number];

/** The memories besides that of the caller's arena, in the plan's order. */
export function otherRegions({ regions }: Plan): readonly Region[] {
  return regions.slice(1);
}

/** C identifier of the array in which the network keeps what it has in another memory. */
export function memoryName({ graph }: Plan, { name }: Region): string {
  return `${graph}_${name}`;
}

function placeOf(plan: Plan, buffer: PlanBuffer): { base: string; bytes: number } {
  const index = plan.regions.findIndex(({ name }) => name === buffer.region);
  const region = plan.regions[index]!;
  return { base: index === 0 ? 'arena' : memoryName(plan, region), bytes: region.bytes };
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
  const { base, bytes } = placeOf(plan, first);
  if (first.row === null) return { kind: 'whole', base, offset: first.offset };
  const rowBytes = tensorBytes(tensor) / buffers.length;
  const offsets = byRow(buffers);
  if (offsets.every((offset, row) => offset === offsets[0]! + row * rowBytes))
    return { kind: 'whole', base, offset: offsets[0]! };
  const unitBytes = Math.max(rowUnitBytes(bytes), dtypeBytes[tensor.dtype]);
  return { kind: 'rows', base, table: offsets.map((offset) => offset / unitBytes), unitBytes };
}

/** Where an operator's weights lie; null: where weights usually do. */
export function weightPlace({ weights }: Plan, op: number): WeightPlace {
  return weights.find((placed) => placed.op === op) ?? null;
}

/** Position of a tensor's memory in `Plan.regions`. */
export function regionOf(plan: Plan, tensor: Tensor): number {
  const buffer = plan.buffers.find((candidate) => candidate.tensor === tensor.id);
  return plan.regions.findIndex(({ name }) => name === buffer?.region);
}

/** Where a network with streamed input remembers where it is. */
export function progressStorage(plan: Plan): { base: string; offset: number; bytes: number } {
  const buffer = plan.buffers.find(({ tensor, scratchOf }) => tensor === null && scratchOf === null)!;
  return { base: placeOf(plan, buffer).base, offset: buffer.offset, bytes: buffer.bytes };
}

/** First byte of a tensor in the arena; of one that lies row by row, that of its first row. */
export function offsetOf(plan: Plan, tensor: Tensor): number {
  const storage = storageOf(plan, tensor);
  return storage.kind === 'whole' ? storage.offset : storage.table[0]! * storage.unitBytes;
}

/** Where an operator's scratch lies: at one place, or, when it has one for each row, where a table says. */
export function scratchOf(plan: Plan, op: number): Storage {
  const buffers = plan.buffers.filter((buffer) => buffer.scratchOf === op);
  const [first] = buffers;
  if (!first) return { kind: 'whole', base: 'arena', offset: 0 };
  const { base, bytes } = placeOf(plan, first);
  if (buffers.every(({ offset }) => offset === first.offset))
    return { kind: 'whole', base, offset: first.offset };
  const unitBytes = rowUnitBytes(bytes);
  return { kind: 'rows', base, table: byRow(buffers).map((at) => at / unitBytes), unitBytes };
}

function byRow(buffers: readonly PlanBuffer[]): number[] {
  const offsets: number[] = [];
  for (const { row, offset } of buffers) offsets[row!] = offset;
  return offsets;
}
