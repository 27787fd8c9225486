/**
 * The decoder of Thumb-2 code against objdump: kind, length, target and registers of every instruction of an image, and of random
 * halfwords as far as objdump calls them an instruction of ours.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { buildProject } from '../src/flow/build.js';
import { writeProject } from '../src/flow/compile.js';
import { planFor } from '../src/flow/plan.js';
import { decodeBlock } from '../src/profile/cycles/decode-block.js';
import { flags, type Instruction, type Kind } from '../src/profile/cycles/instruction.js';
import { Random } from './random.js';
import { root } from './repository.js';

/** Mnemonics without condition and width, by what they are. */
const kinds: readonly (readonly [Kind, RegExp])[] = [
  ['it', /^it[te]{0,3}$/],
  ['shift', /^(lsl|lsr|asr|ror|rrx)s?$/],
  ['branch', /^(b|cbz|cbnz)$/],
  ['call', /^bl$/],
  ['jump', /^blx?$|^bx$/],
  ['table', /^tb[bh]$/],
  ['divide', /^[su]div$/],
  ['multiply', /^(mul|mls|mla|sml|smul|smull|smmul|smmla|smmls|smuad|smusd|umull|umlal|umaal)/],
  [
    'simd',
    /^(ssat|usat|[su]xt|[su]bfx|bf[ic]|pkh|rev|rbit|clz|sel|usad|q|[su]h?add(8|16)|[su]h?sub(8|16)|[su]h?(asx|sax)|uq)/,
  ],
  ['loads', /^(ldm|pop|ldrd|vldm|vpop)/],
  ['stores', /^(stm|push|strd|vstm|vpush)/],
  ['load', /^(ldr|vldr)/],
  ['store', /^(str|vstr)/],
  ['nop', /^(nop|yield|wf[ei]|sev|pld|pli)/],
  ['float-divide', /^v(div|sqrt)/],
  ['float-accumulate', /^v(n?ml[as]|fn?m[as])/],
  ['float', /^v/],
  ['alu', /^(mov|mvn|add|adc|sub|sbc|rsb|neg|and|bic|orr|orn|eor|cmp|cmn|tst|teq|adr)/],
];

const conditions = '(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)';

function kindOf(mnemonic: string): Kind | null {
  const plain = mnemonic.replace(/\.[nw]$/, '').replace(/\.(f32|f64|s32|u32|32|64|f16|s16|u16|16|8).*$/, '');
  const find = (name: string) => kinds.find(([, pattern]) => pattern.test(name))?.[0] ?? null;
  const bare = new RegExp(`^(.+?)${conditions}$`).exec(plain)?.[1];
  // Names that end like a condition.
  if (/^(teq|smmls|mls|vmls|vnmls|umlal|lsls|svc|bics|sbcs|adcs|cbz|bls|ble)$/.test(plain)) {
    return plain === 'bls' || plain === 'ble' ? 'branch' : find(plain);
  }
  return bare === undefined ? find(plain) : find(bare);
}

interface Line {
  readonly address: number;
  readonly code: Buffer;
  readonly mnemonic: string;
  readonly operands: string;
}

function disassemble(args: readonly string[]): Line[] {
  const ran = spawnSync('arm-none-eabi-objdump', [...args], { maxBuffer: 1 << 28, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout.split('\n').flatMap((line) => {
    const match = /^\s*([0-9a-f]+):\s+((?:[0-9a-f]{4} ?)+)\s*\t(\S+)(?:\t([^@;<]*))?/.exec(line);
    if (!match || /undefined|unpredictable|illegal|overflow|\?/i.test(line)) return [];
    const [, address, words, mnemonic, operands = ''] = match;
    const code = Buffer.concat(
      words!
        .trim()
        .split(' ')
        .map((word) => Buffer.from(word, 'hex').swap16()),
    );
    return [{ address: Number.parseInt(address!, 16), code, mnemonic: mnemonic!, operands: operands.trim() }];
  });
}

const names: Record<string, number> = { sl: 10, fp: 11, ip: 12, sp: 13, lr: 14, pc: 15 };

/** Masks of the core and single registers in a text such as `r0, [r1, #4]!` or `r2, {s0-s3}`. */
function registersIn(operands: string): { core: number; floats: number } {
  let [core, floats] = [0, 0];
  for (const [, name] of operands.matchAll(/\b(r1[0-5]|r\d|sl|fp|ip|sp|lr|pc)\b/g)) {
    core |= 1 << (names[name!] ?? Number(name!.slice(1)));
  }
  for (const [, bank, first, last] of operands.matchAll(/\b([sd])(\d+)(?:-[sd](\d+))?/g)) {
    for (let at = Number(first); at <= Number(last ?? first); at++) {
      floats |= bank === 's' ? 1 << at : at < 16 ? 3 << (2 * at) : 0;
    }
  }
  return { core, floats };
}

/** All that the decoder says of a register, without those that are not written out. */
function registersOf(instruction: Instruction, { mnemonic, operands }: Line) {
  const { reads, early, late, writes, base, floatReads, floatLate, floatWrites } = instruction;
  let core = (reads | early | late | writes | base) & ~flags;
  if (/^v?(push|pop)/.test(mnemonic)) core &= ~(1 << 13);
  if (instruction.kind === 'call' || /^blx/.test(mnemonic)) core &= ~(1 << 14);
  if (/^(b|cb|tb|ldr|v?pop|ldm)/.test(mnemonic) && !/\bpc\b/.test(operands)) core &= ~(1 << 15);
  return { core, floats: floatReads | floatLate | floatWrites };
}

/** What is wrong with the decoding of a line, or null. */
function mistake(line: Line): string | null {
  const decoded = decodeBlock(line.code);
  const [instruction] = decoded;
  const isShift =
    /^movs?(\.w)?$/.test(line.mnemonic.replace(new RegExp(conditions), '')) &&
    /, (lsl|lsr|asr|ror|rrx)/.test(line.operands);
  const wanted = isShift ? 'shift' : kindOf(line.mnemonic);
  const text = `${line.code.toString('hex')} ${line.mnemonic} ${line.operands}`;
  if (decoded.length !== 1 || !instruction) return `${text}: ${decoded.length} instructions`;
  if (wanted === null) return null;
  const goesOn = instruction.kind === 'jump' && /^(mov|add|sub)/.test(line.mnemonic);
  if (instruction.kind !== wanted && !goesOn) return `${text}: ${instruction.kind}, not ${wanted}`;
  const target = /(?:^|, )([0-9a-f]+)$/.exec(line.operands)?.[1];
  if (instruction.offset !== null && target !== undefined) {
    const found = (line.address + instruction.offset) >>> 0;
    if (found !== Number.parseInt(target, 16)) return `${text}: to ${found.toString(16)}`;
    return null;
  }
  const [own, others] = [registersOf(instruction, line), registersIn(line.operands)];
  if (line.operands === 'lr') others.core = own.core; // BLX lr: both, and only one is written out
  if (own.core !== others.core)
    return `${text}: core ${own.core.toString(16)}, not ${others.core.toString(16)}`;
  return own.floats === others.floats
    ? null
    : `${text}: floats ${own.floats >>> 0}, not ${others.floats >>> 0}`;
}

for (const board of ['virt-m4', 'virt-m7']) {
  test(`every instruction of an image of ${board}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'reflow-decode-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const project = join(folder, 'project');
    const plan = { objective: 'balanced', input: 'resident', seconds: 0.1 } as const;
    await writeProject(
      await planFor({ network: join(root, 'networks/digits.tflite'), board, ...plan }),
      project,
    );
    const image = await buildProject(project);
    const lines = disassemble(['-d', '-j', '.text', image.elf]).filter(
      ({ mnemonic }) => !mnemonic.startsWith('.'),
    );
    t.true(lines.length > 2000);
    t.deepEqual(lines.map(mistake).filter(Boolean), []);
  });
}

/** Whether the architecture has it: objdump knows those of every Arm core. */
function isOurs({ code, mnemonic, operands }: Line): boolean {
  if (/^ldrs?[bh].*/.test(mnemonic) && /^pc/.test(operands)) return false;
  if (/^(ld|st)(r|l|a)?exd/.test(mnemonic)) return false;
  if (/\bd(1[6-9]|2\d|3\d)/.test(operands)) return false;
  if (code.length === 2) return true;
  const [first, second] = [code.readUInt16LE(0), code.readUInt16LE(2)];
  if (/^(rev|rbit|clz)/.test(mnemonic) && (first & 15) !== (second & 15)) return false; // the field comes twice
  if ((first & 0xec00) === 0xec00 && ((second >> 8) & 14) !== 10) return false; // other coprocessors
  if ((first & 0xef00) === 0xef00 || (first & 0xfc00) === 0xfc00) return false; // Advanced SIMD, FPv5's additions
  if ((first & 0xff10) === 0xf900) return false; // Advanced SIMD
  if ((first & 0xf800) === 0xf000 && (second & 0xd000) === 0xc000) return false; // BLX to Arm code
  return true;
}

test('random instructions', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-decode-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const random = new Random(4);
  const words = Array.from({ length: 60_000 }, () => {
    // Half of them of 32 bits, each followed by a NOP, so that what objdump takes for a short one does not shift the rest.
    const first = random.below(0x10000);
    const second = first >= 0xe800 ? random.below(0x10000) : 0xbf00;
    return [first, second, 0xbf00];
  });
  const file = join(folder, 'random.bin');
  writeFileSync(file, new Uint8Array(Uint16Array.from(words.flat()).buffer));
  const all = disassemble(['-D', '-b', 'binary', '-m', 'arm', '-M', 'force-thumb,reg-names-std', file]);
  const lines = all.filter(isOurs);
  t.true(lines.filter(({ mnemonic }) => kindOf(mnemonic) !== null).length > 100_000);
  t.deepEqual(lines.map(mistake).filter(Boolean).slice(0, 20), []);
});

test('any bytes decode, in whole instructions', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (code) => {
      const bytes = decodeBlock(code).reduce((sum, instruction) => sum + instruction.bytes, 0);
      t.true(bytes <= code.length && code.length - bytes < 4);
    }),
  );
});
