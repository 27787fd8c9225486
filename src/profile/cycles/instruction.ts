/**
 * What a model of cycles needs to know of one Thumb-2 instruction: what it occupies, what it waits for, what it makes.
 * Pure. Registers are bits of a mask: r0 to r15 by number, the flags as bit 16; s0 to s31 have masks of their own.
 */

export type Kind =
  /** Moves, arithmetic, logic, address arithmetic. */
  | 'alu'
  /** A shift that does nothing else. */
  | 'shift'
  /** Parallel and saturating arithmetic, extension, bit fields, byte order, packing. */
  | 'simd'
  /** Every multiplication of whole numbers, with and without an accumulator, 32 or 64 bits. */
  | 'multiply'
  | 'divide'
  /** One register from memory, one to memory. */
  | 'load'
  | 'store'
  /** Several at once: LDM, POP, LDRD, VLDM; STM, PUSH, STRD, VSTM. */
  | 'loads'
  | 'stores'
  /** To a fixed target: B, B<cond>, CBZ. */
  | 'branch'
  /** BL. */
  | 'call'
  /** To a register's value: BX, BLX, MOV pc. */
  | 'jump'
  /** TBB, TBH. */
  | 'table'
  | 'it'
  | 'nop'
  /** Status registers, barriers, exceptions. */
  | 'system'
  /** Floating point but for the next two. */
  | 'float'
  | 'float-accumulate'
  | 'float-divide';

export interface Instruction {
  readonly kind: Kind;
  readonly bytes: 2 | 4;
  /** Operands that are needed when the instruction executes. */
  readonly reads: number;
  /** Operands that are needed one cycle before that: of a memory access all that make the address; shifted operands. */
  readonly early: number;
  /** Operands that are needed one cycle after that: accumulators, and what is stored. */
  readonly late: number;
  readonly writes: number;
  /** The base register that a memory access updates. */
  readonly base: number;
  readonly floatReads: number;
  /** Accumulators. */
  readonly floatLate: number;
  readonly floatWrites: number;
  /** Cycles from its execution to its result where they are not what its kind says: `simd` alone. */
  readonly latency: 0 | 1 | 2;
  /** An operand goes through the shifter first. */
  readonly shifts: boolean;
  /** Bytes of one access to memory: 1, 2, 4 or 8; 0 where there is none. */
  readonly width: 0 | 1 | 2 | 4 | 8;
  /** Registers that `loads` and `stores` transfer; 1 for a single access, 0 where there is none. */
  readonly words: number;
  /** The address has a register as its offset. */
  readonly registerOffset: boolean;
  /** Executed only when a condition holds: a conditional branch, CBZ, and everything in an IT block. */
  readonly conditional: boolean;
  /** Of a branch or call: target minus the instruction's address. */
  readonly offset: number | null;
}

export const pc = 1 << 15;
export const flags = 1 << 16;

const nothing: Instruction = {
  kind: 'nop',
  bytes: 2,
  reads: 0,
  early: 0,
  late: 0,
  writes: 0,
  base: 0,
  floatReads: 0,
  floatLate: 0,
  floatWrites: 0,
  latency: 1,
  shifts: false,
  width: 0,
  words: 0,
  registerOffset: false,
  conditional: false,
  offset: null,
};

/** An instruction that has nothing but what is named. */
export function instruction(kind: Kind, facts: Partial<Instruction>): Instruction {
  return { ...nothing, kind, ...facts };
}

/** The mask of registers by number. */
export function mask(...registers: readonly number[]): number {
  return registers.reduce((all, register) => all | (1 << register), 0);
}

/** How many registers a mask names. */
export function countOf(registers: number): number {
  let count = 0;
  for (let rest = registers; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Whether the next instruction may be another than the one behind it. */
export function leaves({ kind, writes }: Instruction): boolean {
  return kind === 'branch' || kind === 'call' || kind === 'jump' || kind === 'table' || (writes & pc) !== 0;
}
