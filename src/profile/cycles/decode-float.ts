/**
 * Floating-point instructions of FPv4-SP and FPv5 (and of other coprocessors: none here). Pure. A double register is the two
 * single ones that it consists of. Source: Arm DDI 0403 (ARMv7-M Architecture Reference Manual), A6.4 to A6.7.
 */
import { flags, type Instruction, instruction, mask } from './instruction.js';

export function decodeFloat(first: number, second: number): Instruction {
  const coprocessor = (second >> 8) & 15;
  if (coprocessor !== 10 && coprocessor !== 11) return instruction('system', {});
  const isDouble = coprocessor === 11;
  if ((first & 0xfe00) === 0xec00) return loadStore(first, second, isDouble);
  return second & 0x10 ? transfer(first, second, isDouble) : dataProcessing(first, second, isDouble);
}

/** A register field of four bits with its fifth, which is the lowest for a single and the highest for a double register. */
function floats(field: number, extra: number, isDouble: boolean): number {
  return isDouble ? 3 << (2 * (field & 15)) : mask(2 * field + extra);
}

function loadStore(first: number, second: number, isDouble: boolean): Instruction {
  const early = mask(first & 15);
  const isLoad = (first & 0x10) !== 0;
  if ((first & 0x1e0) === 0x040) return moveTwo(first, second, isDouble);
  const start = floats((second >> 12) & 15, (first >> 6) & 1, isDouble);
  if ((first & 0x120) === 0x100) {
    const common = { early, width: isDouble ? 8 : 4, words: isDouble ? 2 : 1 } as const;
    return isLoad
      ? instruction('load', { floatWrites: start, ...common })
      : instruction('store', { floatReads: start, ...common });
  }
  const words = second & 0xff;
  const lowest = Math.min(31, Math.log2((start & -start) >>> 0));
  const registers = words >= 32 ? ~0 : ((1 << words) - 1) << lowest;
  const common = { early, base: first & 0x20 ? early : 0, width: 4, words } as const;
  return isLoad
    ? instruction('loads', { floatWrites: registers, ...common })
    : instruction('stores', { floatReads: registers, ...common });
}

/** VMOV between two core registers and two single or one double. */
function moveTwo(first: number, second: number, isDouble: boolean): Instruction {
  const core = mask((second >> 12) & 15, first & 15);
  const one = floats(second & 15, (second >> 5) & 1, isDouble);
  const registers = isDouble ? one : one | (one << 1);
  return first & 0x10
    ? instruction('float', { floatReads: registers, writes: core })
    : instruction('float', { reads: core, floatWrites: registers });
}

/** VMOV, VMRS and VMSR between a core register and a single one or the status. */
function transfer(first: number, second: number, isDouble: boolean): Instruction {
  const core = (second >> 12) & 15;
  const toCore = (first & 0x10) !== 0;
  if ((first & 0xe0) === 0xe0) {
    // VMRS to the flags, VMRS, VMSR
    if (!toCore) return instruction('float', { reads: mask(core) });
    return instruction('float', { writes: core === 15 ? flags : mask(core) });
  }
  const registers = floats(first & 15, (second >> 7) & 1, isDouble);
  return toCore
    ? instruction('float', { floatReads: registers, writes: mask(core) })
    : instruction('float', { reads: mask(core), floatWrites: registers });
}

function dataProcessing(first: number, second: number, isDouble: boolean): Instruction {
  const target = floats((second >> 12) & 15, (first >> 6) & 1, isDouble);
  const left = floats(first & 15, (second >> 7) & 1, isDouble);
  const right = floats(second & 15, (second >> 5) & 1, isDouble);
  if (first & 0x1000) return instruction('float', { floatReads: left | right, floatWrites: target }); // VSEL, VMAXNM
  const operation = ((first >> 4) & 3) | ((first >> 5) & 4);
  switch (operation) {
    case 0: // VMLA, VMLS, VNMLA, VNMLS, VFNMA, VFMA
    case 1:
    case 5:
    case 6:
      return instruction('float-accumulate', {
        floatReads: left | right,
        floatLate: target,
        floatWrites: target,
      });
    case 4:
      return instruction('float-divide', { floatReads: left | right, floatWrites: target });
    case 7:
      return single(first, second, target, right);
    default: // VMUL, VNMUL, VADD, VSUB
      return instruction('float', { floatReads: left | right, floatWrites: target });
  }
}

/** VMOV, VABS, VNEG, VSQRT, VCMP, VCVT, VRINT */
function single(first: number, second: number, target: number, right: number): Instruction {
  if ((second & 0x40) === 0) return instruction('float', { floatWrites: target }); // VMOV of a constant
  const operation = first & 15;
  if (operation === 4 || operation === 5) {
    return instruction('float', { floatReads: operation === 5 ? target : target | right }); // VCMP, with 0
  }
  const isRoot = operation === 1 && (second & 0x80) !== 0;
  return instruction(isRoot ? 'float-divide' : 'float', { floatReads: right, floatWrites: target });
}
