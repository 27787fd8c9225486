/**
 * Thumb instructions of 32 bits but for the floating-point ones. Pure. Source: Arm DDI 0403 (ARMv7-M Architecture Reference
 * Manual), A5.3. `first` and `second` are the halfwords; registers are fields of four bits.
 */
import { decodeFloat } from './decode-float.js';
import { multiple } from './decode-narrow.js';
import { flags, type Instruction, instruction, mask, pc } from './instruction.js';

const low = (halfword: number) => mask(halfword & 15);
const at8 = (halfword: number) => mask((halfword >> 8) & 15);
const at12 = (halfword: number) => mask((halfword >> 12) & 15);

export function decodeWide(first: number, second: number): Instruction {
  return { ...decode(first, second), bytes: 4 };
}

function decode(first: number, second: number): Instruction {
  if ((first & 0xec00) === 0xec00) return decodeFloat(first, second);
  if ((first & 0xfe40) === 0xe800) return loadStoreMultiple(first, second);
  if ((first & 0xfe40) === 0xe840) return loadStoreDouble(first, second);
  if ((first & 0xfe00) === 0xea00) return shiftedRegister(first, second);
  if ((first & 0xf800) === 0xf000) {
    if (second & 0x8000) return branchOrControl(first, second);
    return first & 0x200 ? plainImmediate(first, second) : modifiedImmediate(first, second);
  }
  if ((first & 0xfe00) === 0xf800) return loadStore(first, second);
  if ((first & 0xff00) === 0xfa00) return register(first, second);
  if ((first & 0xff80) === 0xfb00) return multiply(first, second);
  if ((first & 0xff80) === 0xfb80) return multiplyLong(first, second);
  return instruction('system', {});
}

function loadStoreMultiple(first: number, second: number): Instruction {
  const decoded = multiple((first & 0x10) !== 0, first & 15, second);
  return first & 0x20 ? decoded : { ...decoded, base: 0 };
}

function loadStoreDouble(first: number, second: number): Instruction {
  const isLoad = (first & 0x10) !== 0;
  const early = low(first);
  if ((first & 0x120) === 0) {
    if ((first & 0xfff0) === 0xe8d0 && (second & 0xe0) === 0) {
      return instruction('table', { early: early | low(second), writes: pc, registerOffset: true });
    }
    // Exclusive accesses.
    const common = { early, width: 4, words: 1 } as const;
    return isLoad
      ? instruction('load', { writes: at12(second), ...common })
      : instruction('store', {
          late: at12(second),
          writes: first & 0x80 ? low(second) : at8(second),
          ...common,
        });
  }
  const pair = at12(second) | at8(second);
  const common = { early, base: first & 0x20 ? early : 0, width: 4, words: 2 } as const;
  return isLoad
    ? instruction('loads', { writes: pair, ...common })
    : instruction('stores', { late: pair, ...common });
}

/** Result and flags of the operations that both operand forms share; TST, TEQ, CMN and CMP have no result. */
function dataProcessing(first: number, second: number, operand: Partial<Instruction>): Instruction {
  const operation = (first >> 5) & 15;
  const setsFlags = (first & 0x10) !== 0;
  const target = (second >> 8) & 15;
  const isTest = target === 15 && setsFlags && [0, 4, 8, 13].includes(operation);
  const isMove = (first & 15) === 15 && (operation === 2 || operation === 3); // MOV, MVN
  const usesCarry = operation === 10 || operation === 11;
  return instruction('alu', {
    ...operand,
    reads: (operand.reads ?? 0) | (isMove ? 0 : low(first)) | (usesCarry ? flags : 0),
    writes: (isTest ? 0 : mask(target)) | (setsFlags ? flags : 0),
  });
}

function modifiedImmediate(first: number, second: number): Instruction {
  return dataProcessing(first, second, {});
}

function shiftedRegister(first: number, second: number): Instruction {
  const operation = (first >> 5) & 15;
  const operand = low(second);
  if (operation === 6) {
    return instruction('simd', { reads: low(first), early: operand, writes: at8(second), shifts: true }); // PKHBT, PKHTB
  }
  const shifted = (second & 0x70f0) !== 0;
  if (!shifted) return dataProcessing(first, second, { reads: operand });
  if (operation === 2 && (first & 15) === 15) {
    return { ...dataProcessing(first, second, { reads: operand }), kind: 'shift' };
  }
  return dataProcessing(first, second, { early: operand, shifts: true });
}

function plainImmediate(first: number, second: number): Instruction {
  const writes = at8(second);
  switch ((first >> 4) & 31) {
    case 0: // ADDW, SUBW, ADR
    case 10:
      return instruction('alu', { reads: low(first), writes });
    case 4: // MOVW
      return instruction('alu', { writes });
    case 12: // MOVT
      return instruction('alu', { reads: writes, writes });
    case 20: // SBFX, UBFX
    case 28:
      return instruction('simd', { early: low(first), writes, shifts: true });
    case 22: // BFI, BFC
      return instruction('simd', {
        reads: writes | ((first & 15) === 15 ? 0 : low(first)),
        writes,
        shifts: true,
      });
    default: // SSAT, USAT
      return instruction('simd', { early: low(first), writes, latency: 2, shifts: true });
  }
}

function branchOrControl(first: number, second: number): Instruction {
  const sign = (first >> 10) & 1;
  const [j1, j2] = [(second >> 13) & 1, (second >> 11) & 1];
  if ((second & 0x5000) === 0) {
    if ((first & 0x380) === 0x380) {
      if ((first & 0xfff0) === 0xf3a0) return instruction('nop', {}); // hints
      const reads = (first & 0xffe0) === 0xf380 ? low(first) : 0; // MSR
      const writes = (first & 0xffe0) === 0xf3e0 ? at8(second) : 0; // MRS
      return instruction('system', { reads, writes });
    }
    const distance =
      (-sign << 20) | (j2 << 19) | (j1 << 18) | ((first & 0x3f) << 12) | ((second & 0x7ff) << 1);
    return instruction('branch', { reads: flags, writes: pc, conditional: true, offset: 4 + distance });
  }
  const [i1, i2] = [~(j1 ^ sign) & 1, ~(j2 ^ sign) & 1];
  const distance =
    (-sign << 24) | (i1 << 23) | (i2 << 22) | ((first & 0x3ff) << 12) | ((second & 0x7ff) << 1);
  const isCall = (second & 0x5000) === 0x5000;
  return instruction(isCall ? 'call' : 'branch', {
    writes: isCall ? pc | mask(14) : pc,
    offset: 4 + distance,
  });
}

function loadStore(first: number, second: number): Instruction {
  const isLoad = (first & 0x10) !== 0;
  const width = ([1, 2, 4, 4] as const)[(first >> 5) & 3] ?? 4;
  const target = at12(second);
  const base = low(first);
  const isImmediate = (first & 0x80) !== 0 || base === pc;
  const isIndexed = !isImmediate && (second & 0x800) !== 0;
  const byRegister = !isImmediate && !isIndexed;
  if (isLoad && target === pc && width < 4) {
    return instruction('nop', { early: base | (byRegister ? low(second) : 0) }); // PLD, PLI
  }
  const common = {
    early: base | (byRegister ? low(second) : 0),
    base: isIndexed && second & 0x100 ? base : 0,
    registerOffset: byRegister,
    width,
    words: 1,
  };
  return isLoad
    ? instruction('load', { writes: target, ...common })
    : instruction('store', { late: target, ...common });
}

function register(first: number, second: number): Instruction {
  const operation = (first >> 4) & 15;
  const variant = (second >> 4) & 15;
  const [left, right, writes] = [low(first), low(second), at8(second)];
  if (operation < 8 && variant === 0) {
    return instruction('shift', { reads: left | right, writes: writes | (operation & 1 ? flags : 0) });
  }
  if (operation < 8) {
    // SXTH, UXTB16, ... alone are read as late as an addition; with one, the extended operand is needed early.
    return left === pc
      ? instruction('simd', { reads: right, writes })
      : instruction('simd', { reads: left, early: right, writes, shifts: true });
  }
  if (variant < 8) {
    const saturates = (variant & 3) === 1;
    return instruction('simd', { reads: left | right, writes, latency: saturates ? 2 : 1 });
  }
  switch (operation & 3) {
    case 0: // QADD, QDADD, QSUB, QDSUB
      return variant & 1
        ? instruction('simd', { early: left | right, writes, latency: 2, shifts: true })
        : instruction('simd', { reads: left | right, writes, latency: 2 });
    case 1: // REV, REV16, RBIT, REVSH
      return instruction('simd', { early: right, writes, latency: 0, shifts: true });
    case 2: // SEL
      return instruction('simd', { reads: left | right | flags, writes });
    default: // CLZ
      return instruction('simd', { reads: right, writes });
  }
}

function multiply(first: number, second: number): Instruction {
  const accumulator = at12(second) === pc ? 0 : at12(second);
  const reads = low(first) | low(second);
  if (((first >> 4) & 7) === 7) {
    return instruction('simd', { reads, late: accumulator, writes: at8(second), latency: 2 }); // USAD8, USADA8
  }
  return instruction('multiply', { reads, late: accumulator, writes: at8(second) });
}

function multiplyLong(first: number, second: number): Instruction {
  const operation = (first >> 4) & 7;
  const reads = low(first) | low(second);
  if (operation === 1 || operation === 3) return instruction('divide', { reads, writes: at8(second) });
  const writes = at8(second) | at12(second);
  return instruction('multiply', { reads, late: operation >= 4 ? writes : 0, writes });
}
