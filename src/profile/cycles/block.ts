/** A piece of code that runs from its first instruction to its last, decoded. Pure. */
import { decodeBlock } from './decode-block.js';
import { type Instruction, leaves } from './instruction.js';

export interface Block {
  readonly address: number;
  /** Address behind the last instruction. */
  readonly end: number;
  readonly instructions: readonly Instruction[];
}

export function makeBlock(address: number, code: Uint8Array): Block {
  return { address, end: address + code.length, instructions: decodeBlock(code) };
}

/** Whether `to` was reached from `from` by a jump, not by falling through (an emulator may cut code anywhere). */
export function isTaken(from: Block, to: Block): boolean {
  const last = from.instructions.at(-1);
  return to.address !== from.end || (last !== undefined && leaves(last) && !last.conditional);
}

/** Whether a block ends in a branch that may or may not be taken. */
export function endsInChoice({ instructions }: Block): boolean {
  const last = instructions.at(-1);
  return last?.conditional === true && leaves(last);
}

/** Whether an instruction lies across two words of memory. */
export function isWideAtHalf(block: Block): boolean {
  return block.address % 4 === 2 && block.instructions[0]?.bytes === 4;
}
