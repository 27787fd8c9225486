/**
 * Cycles of a Cortex-M4 whose memory never makes it wait: one instruction at a time, in order. Pure.
 *
 * Sources, rule by rule: Arm DDI 0337 (Cortex-M3 TRM), load and store timings, which the M4 shares; Arm DDI 0439 (Cortex-M4
 * TRM), table of instruction timings; GCC's scheduling description of the Cortex-M4. docs/cycles.md has them as a table,
 * and what they were checked against.
 */
import { type Block, isTaken, isWideAtHalf } from './block.js';
import type { Instruction } from './instruction.js';
import { pc } from './instruction.js';

/** Cycles by what they are spent on. */
export interface CoreCycles {
  /** One per instruction, more for divisions and floating point. */
  readonly issue: number;
  /** What accesses to memory take beyond the first cycle. */
  readonly loads: number;
  /** Filling the pipeline again. */
  readonly branches: number;
}

/** What a taken branch takes beyond its own cycle: when its target is known from the instruction, and when it is not. */
const refill = { fixed: 1, computed: 2 };
const divideCycles = 7;
const floatAccumulateCycles = 3;
const floatDivideCycles = 14;
const tableCycles = 6;

/** Of a block that follows `from` (null: of a block at the beginning). The jump that leads here is counted here. */
export function m4Cycles(from: Block | null, block: Block): CoreCycles {
  let issue = 0;
  let loads = 0;
  let previous = from?.instructions.at(-1) ?? null;
  for (const instruction of block.instructions) {
    issue += issueCycles(instruction);
    loads += memoryCycles(instruction, previous);
    previous = instruction;
  }
  return { issue, loads, branches: from && isTaken(from, block) ? jumpCycles(from, block) : 0 };
}

function issueCycles({ kind }: Instruction): number {
  if (kind === 'divide') return divideCycles;
  if (kind === 'float-accumulate') return floatAccumulateCycles;
  return kind === 'float-divide' ? floatDivideCycles : 1;
}

/**
 * A load takes two cycles, or one directly behind another load that does not make its address. A store to an immediate offset
 * takes one, thanks to the write buffer; to a register's two, or one behind a load. Several registers take one cycle each
 * and one more. An address that the instruction before has just computed takes one cycle more.
 */
function memoryCycles(instruction: Instruction, previous: Instruction | null): number {
  const { kind, early, words, registerOffset } = instruction;
  if (words === 0) return 0;
  const isBehindLoad = previous?.kind === 'load';
  const stall = previous !== null && previous.words === 0 && (previous.writes & early & ~pc) !== 0 ? 1 : 0;
  if (kind === 'loads' || kind === 'stores' || words > 1) return words + stall;
  if (kind === 'load') return isBehindLoad && (previous.writes & early) === 0 ? 0 : 1 + stall;
  return (registerOffset && !isBehindLoad ? 1 : 0) + stall;
}

/** The jump from the end of one block to another, beyond the cycle that its instruction takes. */
function jumpCycles(from: Block, to: Block): number {
  const last = from.instructions.at(-1);
  const alignment = isWideAtHalf(to) ? 1 : 0;
  if (last?.kind === 'table') return tableCycles - 1 + alignment;
  if (last?.kind === 'branch' || last?.kind === 'call') return refill.fixed + alignment;
  // POP and LDR to pc: their load is counted with the others, and the branch has a cycle of its own.
  const branch = last !== undefined && last.words > 0 ? 1 : 0;
  return branch + refill.computed + alignment;
}
