/**
 * Every rule of the cycle models as a micro program with a count that was worked out by hand from the rule's text
 * (docs/cycles.md): mostly ten instructions.
 */
import test from 'ava';
import { type Block, makeBlock } from '../src/profile/cycles/block.js';
import { m4Cycles } from '../src/profile/cycles/m4-cycles.js';
import { m7Cycles } from '../src/profile/cycles/m7-cycles.js';
import { assemble } from './assembled.js';

interface Program {
  readonly rule: string;
  readonly source: string;
  /** What runs next: behind a jump, that many bytes behind a multiple of four, or directly behind. */
  readonly next?: { readonly source: string; readonly at: 0 | 2 | 'end' };
  readonly m4?: number;
  readonly m7?: number;
}

const repeated = (times: number, ...lines: readonly string[]) =>
  Array.from({ length: times }, () => lines.join('\n')).join('\n');

const independent = (line: (register: number) => string) =>
  Array.from({ length: 10 }, (_, register) => line(register)).join('\n');

/** Ten instructions that need nothing from each other. */
const tenMoves = independent((r) => `movs r${r % 8}, #1`);
const target = { source: 'nop', at: 0 } as const;

const programs: readonly Program[] = [
  { rule: 'data processing, one a cycle; two on the M7', source: tenMoves, m4: 10, m7: 5 },
  { rule: 'a chain of additions', source: repeated(10, 'adds r0, r0, #1'), m4: 10, m7: 10 },
  {
    rule: 'multiply-accumulate, accumulator forwarded',
    source: repeated(10, 'smlad r0, r1, r2, r0'),
    m4: 10,
    m7: 10,
  },
  { rule: 'one multiplier', source: independent((r) => `mul r${r}, r12, r12`), m4: 10, m7: 10 },
  // Products in cycles 0, 3, ..., 12, sums in 2, 5, ..., 14.
  {
    rule: 'product to addition: two cycles',
    source: repeated(5, 'mul r0, r1, r1', 'add r1, r0, r2'),
    m4: 10,
    m7: 15,
  },
  {
    rule: 'long products',
    source: repeated(5, 'smull r0, r1, r2, r3', 'smlal r4, r5, r2, r3'),
    m4: 10,
    m7: 10,
  },
  {
    rule: 'a product beside other work',
    source: repeated(5, 'smlad r0, r1, r2, r0', 'adds r3, r3, #1'),
    m4: 10,
    m7: 5,
  },
  { rule: 'division, which stands alone', source: repeated(10, 'sdiv r0, r1, r2'), m4: 70, m7: 64 },
  {
    rule: 'DSP operations only first of a pair',
    source: independent((r) => `sxtb16 r${r}, r12`),
    m4: 10,
    m7: 10,
  },
  {
    rule: 'DSP operation, then another',
    source: repeated(5, 'sxtb16 r0, r1', 'adds r2, r2, #1'),
    m4: 10,
    m7: 5,
  },
  {
    rule: 'another, then DSP operation',
    source: repeated(5, 'adds r2, r2, #1', 'sxtb16 r0, r1'),
    m4: 10,
    m7: 6,
  },
  {
    rule: 'saturation takes two cycles',
    source: repeated(5, 'ssat r0, #8, r1', 'add r2, r0, r3'),
    m4: 10,
    m7: 15,
  },
  {
    rule: 'bit fields only first of a pair',
    source: independent((r) => `ubfx r${r}, r12, #1, #4`),
    m4: 10,
    m7: 10,
  },
  {
    rule: 'one shifted operand a cycle',
    source: independent((r) => `add r${r}, r11, r12, lsl #2`),
    m4: 10,
    m7: 10,
  },
  {
    rule: 'shifted operands one cycle early',
    source: repeated(10, 'add r0, r1, r0, lsl #2'),
    m4: 10,
    m7: 19,
  },
  { rule: 'a chain of mere shifts', source: repeated(10, 'lsls r0, r0, #1'), m4: 10, m7: 10 },
  { rule: 'a load alone', source: repeated(5, 'ldr r0, [r1]', 'adds r2, r2, #1'), m4: 15, m7: 5 },
  { rule: 'loads behind each other', source: independent((r) => `ldr r${r}, [r12]`), m4: 11, m7: 10 },
  // On the M7 the address is needed a cycle early: one in two cycles.
  { rule: 'loads that make the next address', source: repeated(10, 'ldr r0, [r0]'), m4: 20, m7: 19 },
  {
    rule: 'word load to use: one cycle',
    source: repeated(5, 'ldr r0, [r1]', 'add r0, r0, r2'),
    m4: 15,
    m7: 6,
  },
  {
    rule: 'byte load to use: two cycles',
    source: repeated(5, 'ldrb r0, [r1]', 'add r3, r0, r2'),
    m4: 15,
    m7: 11,
  },
  {
    rule: 'halfword load to use: two cycles',
    source: repeated(5, 'ldrsh r0, [r1]', 'add r3, r0, r2'),
    m4: 15,
    m7: 11,
  },
  { rule: 'stores to immediate offsets', source: repeated(10, 'str r0, [r1, #4]'), m4: 10, m7: 10 },
  { rule: 'stores to register offsets', source: repeated(10, 'str r0, [r1, r2]'), m4: 20, m7: 10 },
  {
    rule: 'such stores behind loads',
    source: repeated(5, 'ldr r0, [r1]', 'str r3, [r1, r2]'),
    m4: 15,
    m7: 10,
  },
  { rule: 'a load behind a store', source: repeated(5, 'str r3, [r1]', 'ldr r0, [r1]'), m4: 15, m7: 10 },
  {
    rule: 'stored data one cycle late',
    source: repeated(5, 'adds r0, r0, #1', 'str r0, [r1]'),
    m4: 10,
    m7: 5,
  },
  { rule: 'LDM of four', source: repeated(10, 'ldm r12, {r0-r3}'), m4: 50, m7: 19 },
  { rule: 'STM of three', source: repeated(10, 'stm r12, {r0-r2}'), m4: 40, m7: 19 },
  { rule: 'LDRD', source: repeated(10, 'ldrd r0, r1, [r12]'), m4: 30, m7: 10 },
  { rule: 'LDRD never pairs', source: repeated(5, 'ldrd r0, r1, [r12]', 'adds r2, r2, #1'), m4: 20, m7: 10 },
  { rule: 'STRD', source: repeated(10, 'strd r0, r1, [r12]'), m4: 30, m7: 10 },
  { rule: 'PUSH and POP', source: repeated(5, 'push {r0, r1}', 'pop {r0, r1}'), m4: 30, m7: 10 },
  {
    rule: 'LDR behind LDM is not pipelined',
    source: repeated(5, 'ldm r12, {r0, r1}', 'ldr r2, [r12]'),
    m4: 25,
    m7: 10,
  },
  {
    rule: 'address from the instruction before',
    source: repeated(5, 'adds r0, r0, #4', 'ldr r1, [r0]'),
    m4: 20,
    m7: 11,
  },
  {
    rule: 'address from two before',
    source: repeated(3, 'adds r0, r0, #4', 'movs r2, #1', 'ldr r1, [r0]'),
    m4: 12,
    m7: 7,
  },
  { rule: 'address that a load has updated', source: repeated(10, 'ldr r1, [r0], #4'), m4: 11, m7: 10 },
  {
    rule: 'literals have no address to wait for',
    source: repeated(5, 'adds r0, r0, #4', 'ldr r1, [pc, #4]'),
    m4: 15,
    m7: 5,
  },
  { rule: 'IT and what it guards', source: repeated(5, 'it eq', 'moveq r0, #1'), m4: 10 },
  { rule: 'a branch not taken', source: `${repeated(9, 'movs r0, #1')}\nbne .+20`, m4: 10 },
  { rule: 'B taken', source: `${repeated(9, 'movs r0, #1')}\nb .+20`, next: target, m4: 10 + 1 + 1 },
  {
    rule: 'a wide instruction at a halfword',
    source: `${repeated(9, 'movs r0, #1')}\nb .+22`,
    next: { source: 'movw r0, #1', at: 2 },
    m4: 10 + 1 + 1 + 1,
  },
  {
    rule: 'a narrow one at a halfword',
    source: `${repeated(9, 'movs r0, #1')}\nb .+22`,
    next: { source: 'nop', at: 2 },
    m4: 10 + 1 + 1,
  },
  { rule: 'BL', source: `${repeated(9, 'movs r0, #1')}\nbl .+20`, next: target, m4: 10 + 1 + 1 },
  { rule: 'CBZ taken', source: `${repeated(9, 'movs r0, #1')}\ncbz r1, .+20`, next: target, m4: 10 + 1 + 1 },
  { rule: 'BX', source: `${repeated(9, 'movs r0, #1')}\nbx lr`, next: target, m4: 10 + 2 + 1 },
  { rule: 'BLX', source: `${repeated(9, 'movs r0, #1')}\nblx r3`, next: target, m4: 10 + 2 + 1 },
  {
    rule: 'POP to pc: its load, and three',
    source: `${repeated(9, 'movs r0, #1')}\npop {r4, pc}`,
    next: target,
    m4: 9 + 3 + 3 + 1,
  },
  {
    rule: 'LDR to pc: five',
    source: `${repeated(9, 'movs r0, #1')}\nldr pc, [r1]`,
    next: target,
    m4: 9 + 5 + 1,
  },
  { rule: 'TBB: six', source: `${repeated(9, 'movs r1, #1')}\ntbb [pc, r0]`, next: target, m4: 9 + 6 + 1 },
  // Ten moves in five cycles, the branch in the sixth; what follows gets a cycle of its own, though a slot is free.
  {
    rule: 'a taken branch ends the group',
    source: `${independent((r) => `movs r${r % 8}, #1`)}\nb .+20`,
    next: target,
    m7: 5 + 1 + 1,
  },
  {
    // The branch in the fifth cycle, and what follows beside it.
    rule: 'behind one not taken the group goes on',
    source: `${repeated(8, 'movs r0, #1')}\ncbz r1, .+20`,
    next: { source: 'movs r2, #1', at: 'end' },
    m7: 5,
  },
  { rule: 'one branch a cycle', source: repeated(10, 'cbz r0, .+20'), m7: 10 },
  { rule: 'VADD, VMUL', source: independent((r) => `vadd.f32 s${r}, s20, s21`), m4: 10, m7: 10 },
  { rule: 'VMLA', source: repeated(10, 'vmla.f32 s0, s1, s2'), m4: 30, m7: 28 },
  { rule: 'VFMA', source: repeated(10, 'vfma.f32 s0, s1, s2'), m4: 30, m7: 28 },
  { rule: 'VDIV', source: repeated(10, 'vdiv.f32 s0, s1, s2'), m4: 140 },
  { rule: 'VSQRT', source: repeated(10, 'vsqrt.f32 s0, s1'), m4: 140 },
  { rule: 'VLDR alone', source: repeated(5, 'vldr s0, [r0]', 'movs r1, #1'), m4: 15, m7: 5 },
  { rule: 'VLDM of four', source: repeated(10, 'vldm r0, {s0-s3}'), m4: 50, m7: 19 },
  { rule: 'a chain of VADD: three cycles each', source: repeated(10, 'vadd.f32 s0, s0, s1'), m4: 10, m7: 28 },
];

const codes = assemble(programs.flatMap(({ source, next }) => [source, next?.source ?? 'nop']));

/** The program, and what runs next. */
function blocks(index: number): { program: Block; next: Block | undefined } {
  const { next } = programs[index]!;
  const program = makeBlock(0x1000, codes[2 * index]!);
  if (!next) return { program, next };
  const address = next.at === 'end' ? program.end : 0x2000 + next.at;
  return { program, next: makeBlock(address, codes[2 * index + 1]!) };
}

for (const [index, { rule, m4, m7 }] of programs.entries()) {
  const { program, next } = blocks(index);
  if (m4 !== undefined) {
    test(`Cortex-M4: ${rule}`, (t) => {
      const parts = [m4Cycles(null, program), ...(next ? [m4Cycles(program, next)] : [])];
      t.is(
        parts.reduce((sum, { issue, loads, branches }) => sum + issue + loads + branches, 0),
        m4,
      );
    });
  }
  if (m7 !== undefined) {
    test(`Cortex-M7: ${rule}`, (t) => {
      t.is(m7Cycles(null, program) + (next ? m7Cycles(program, next) : 0), m7);
    });
  }
}

test('a block behind another costs what it does in one piece', (t) => {
  const straight = programs.map((_, index) => index).filter((index) => !programs[index]!.next);
  for (const index of straight) {
    const { program } = blocks(index);
    const half = codes[2 * index]!;
    // Cut behind the first instruction; not inside an IT block, which no emulator does but at the end of a page.
    if (program.instructions[0]!.kind === 'it') continue;
    const at = program.instructions[0]!.bytes;
    const first = makeBlock(0x1000, half.slice(0, at));
    const second = makeBlock(0x1000 + at, half.slice(at));
    t.is(m7Cycles(null, first) + m7Cycles(first, second), m7Cycles(null, program), programs[index]!.rule);
    const sum = ({ issue, loads, branches }: ReturnType<typeof m4Cycles>) => issue + loads + branches;
    t.is(
      sum(m4Cycles(null, first)) + sum(m4Cycles(first, second)),
      sum(m4Cycles(null, program)),
      programs[index]!.rule,
    );
  }
});
