/** Thumb instructions of 16 bits. Pure. Source: Arm DDI 0403 (ARMv7-M Architecture Reference Manual), A5.2. */
import { countOf, flags, type Instruction, instruction, mask, pc } from './instruction.js';

const sp = 13;
const lr = 14;

/** @param code the halfword; its five highest bits are below 0b11101 */
export function decodeNarrow(code: number): Instruction {
  if (code < 0x4000) return arithmetic(code);
  if (code < 0x4400) return registerArithmetic(code);
  if (code < 0x4800) return highRegisters(code);
  if (code < 0x5000)
    return instruction('load', { early: pc, writes: mask((code >> 8) & 7), width: 4, words: 1 });
  if (code < 0x6000) return registerOffset(code);
  if (code < 0xa000) return immediateOffset(code);
  if (code < 0xb000) {
    const from = code & 0x800 ? mask(sp) : pc;
    return instruction('alu', { reads: from, writes: mask((code >> 8) & 7) });
  }
  if (code < 0xc000) return miscellaneous(code);
  if (code < 0xd000) return multiple((code & 0x800) !== 0, (code >> 8) & 7, code & 0xff);
  return branch(code);
}

function arithmetic(code: number): Instruction {
  const low = mask(code & 7);
  const middle = mask((code >> 3) & 7);
  if (code < 0x1800) {
    const moves = code >> 6 === 0; // LSL #0
    return instruction(moves ? 'alu' : 'shift', { reads: middle, writes: low | flags });
  }
  if (code < 0x2000) {
    const other = code & 0x400 ? 0 : mask((code >> 6) & 7);
    return instruction('alu', { reads: middle | other, writes: low | flags });
  }
  const register = mask((code >> 8) & 7);
  const operation = (code >> 11) & 3; // MOV, CMP, ADD, SUB
  return instruction('alu', {
    reads: operation === 0 ? 0 : register,
    writes: (operation === 1 ? 0 : register) | flags,
  });
}

function registerArithmetic(code: number): Instruction {
  const [target, operand] = [mask(code & 7), mask((code >> 3) & 7)];
  const operation = (code >> 6) & 15;
  const writes = (operation === 8 || operation === 10 || operation === 11 ? 0 : target) | flags; // TST, CMP, CMN
  switch (operation) {
    case 2: // LSL, LSR, ASR, ROR
    case 3:
    case 4:
    case 7:
      return instruction('shift', { reads: target | operand, writes });
    case 5: // ADC, SBC
    case 6:
      return instruction('alu', { reads: target | operand | flags, writes });
    case 9: // RSB from 0, MVN
    case 15:
      return instruction('alu', { reads: operand, writes });
    case 13:
      return instruction('multiply', { reads: target | operand, writes });
    default:
      return instruction('alu', { reads: target | operand, writes });
  }
}

function highRegisters(code: number): Instruction {
  const target = mask((code & 7) | ((code >> 4) & 8));
  const operand = mask((code >> 3) & 15);
  const operation = (code >> 8) & 3;
  if (operation === 3)
    return instruction('jump', { reads: operand, writes: code & 0x80 ? pc | mask(lr) : pc });
  if (operation === 1) return instruction('alu', { reads: target | operand, writes: flags });
  const reads = operation === 0 ? target | operand : operand;
  return instruction(target === pc ? 'jump' : 'alu', { reads, writes: target });
}

function registerOffset(code: number): Instruction {
  const register = mask(code & 7);
  const early = mask((code >> 3) & 7, (code >> 6) & 7);
  // STR, STRH, STRB, LDRSB, LDR, LDRH, LDRB, LDRSH
  const width = ([4, 2, 1, 1, 4, 2, 1, 2] as const)[(code >> 9) & 7];
  const common = { early, width: width ?? 4, words: 1, registerOffset: true };
  return ((code >> 9) & 7) < 3
    ? instruction('store', { late: register, ...common })
    : instruction('load', { writes: register, ...common });
}

function immediateOffset(code: number): Instruction {
  const isStack = code >= 0x9000;
  const width = code < 0x7000 || isStack ? 4 : code < 0x8000 ? 1 : 2;
  const register = mask(isStack ? (code >> 8) & 7 : code & 7);
  const common = { early: mask(isStack ? sp : (code >> 3) & 7), width, words: 1 } as const;
  return code & 0x800
    ? instruction('load', { writes: register, ...common })
    : instruction('store', { late: register, ...common });
}

function miscellaneous(code: number): Instruction {
  const low = mask(code & 7);
  const middle = mask((code >> 3) & 7);
  if ((code & 0xff00) === 0xb000) return instruction('alu', { reads: mask(sp), writes: mask(sp) });
  if ((code & 0xf500) === 0xb100) {
    const offset = 4 + (((code >> 2) & 0x3e) | ((code >> 3) & 0x40));
    return instruction('branch', { reads: low, writes: pc, conditional: true, offset });
  }
  if ((code & 0xff00) === 0xb200) return instruction('simd', { reads: middle, writes: low });
  if ((code & 0xff00) === 0xba00)
    return instruction('simd', { early: middle, writes: low, latency: 0, shifts: true });
  if ((code & 0xfe00) === 0xb400) {
    return multiple(false, sp, (code & 0xff) | (code & 0x100 ? mask(lr) : 0));
  }
  if ((code & 0xfe00) === 0xbc00) return multiple(true, sp, (code & 0xff) | (code & 0x100 ? pc : 0));
  if ((code & 0xff00) === 0xbf00) return instruction(code & 15 ? 'it' : 'nop', {});
  return instruction('system', {});
}

/** LDM and POP, STM and PUSH; the base is written back unless it is loaded. */
export function multiple(isLoad: boolean, base: number, registers: number): Instruction {
  const common = { early: mask(base), width: 4, words: countOf(registers) } as const;
  const written = isLoad && (registers & mask(base)) !== 0 ? 0 : mask(base);
  return isLoad
    ? instruction('loads', { writes: registers, base: written, ...common })
    : instruction('stores', { reads: registers, base: written, ...common });
}

function branch(code: number): Instruction {
  if (code >= 0xe000)
    return instruction('branch', { writes: pc, offset: 4 + (((code & 0x7ff) << 21) >> 20) });
  if ((code & 0xf00) >= 0xe00) return instruction('system', {}); // UDF, SVC
  return instruction('branch', {
    reads: flags,
    writes: pc,
    conditional: true,
    offset: 4 + (((code & 0xff) << 24) >> 23),
  });
}
