/** Thumb-2 machine code into instructions. Pure. */
import { decodeNarrow } from './decode-narrow.js';
import { decodeWide } from './decode-wide.js';
import { flags, type Instruction } from './instruction.js';

/**
 * The instructions of a piece of Thumb-2 code (ARMv7E-M with FPv4 or FPv5), in order. What is no instruction there counts as
 * one of kind `system`; an instruction cut off at the end is left out.
 * @param code from its first instruction on, as it lies in memory; not from inside an IT block
 */
export function decodeBlock(code: Uint8Array): readonly Instruction[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const decoded: Instruction[] = [];
  let conditional = 0;
  for (let at = 0; at + 2 <= code.length; ) {
    const first = view.getUint16(at, true);
    const isWide = first >= 0xe800;
    if (isWide && at + 4 > code.length) break;
    const plain = isWide ? decodeWide(first, view.getUint16(at + 2, true)) : decodeNarrow(first);
    if (plain.kind === 'it') {
      conditional = blockLength(first);
      decoded.push(plain);
    } else {
      decoded.push(conditional > 0 ? inBlock(plain) : plain);
      conditional = Math.max(0, conditional - 1);
    }
    at += plain.bytes;
  }
  return decoded;
}

/** The lowest bit that is set in an IT's mask ends its block. */
function blockLength(code: number): number {
  return 4 - Math.log2(code & -code & 15);
}

/** There, arithmetic of 16 bits leaves the flags alone, except for the comparisons, which write nothing else. */
function inBlock(plain: Instruction): Instruction {
  const leavesFlags = plain.bytes === 2 && (plain.writes & ~flags) !== 0;
  return {
    ...plain,
    reads: plain.reads | flags,
    writes: leavesFlags ? plain.writes & ~flags : plain.writes,
    conditional: true,
  };
}
