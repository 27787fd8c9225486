import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../base/error.js';
import { elfBytes, elfSections, elfSymbols, memorySizes, sectionSizes } from './elf.js';

interface Wanted {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly bytes: number;
}

/** A file with nothing but a section table, 32 or 64 bits wide. */
function elf(wide: boolean, wanted: readonly Wanted[]): Uint8Array {
  const all = [
    { name: '', type: 0, flags: 0, bytes: 0 },
    ...wanted,
    { name: '.shstrtab', type: 3, flags: 0, bytes: 0 },
  ];
  const names = Buffer.from(`${all.map(({ name }) => name).join('\0')}\0`);
  const [headBytes, entryBytes] = wide ? [64, 64] : [52, 40];
  const file = Buffer.alloc(headBytes + names.length + all.length * entryBytes);
  const word = (value: number, at: number) =>
    wide ? file.writeBigUInt64LE(BigInt(value), at) : file.writeUInt32LE(value, at);
  file.write('\x7fELF', 'latin1');
  file[4] = wide ? 2 : 1;
  file[5] = 1;
  word(headBytes + names.length, wide ? 0x28 : 0x20);
  for (const [i, value] of [entryBytes, all.length, all.length - 1].entries()) {
    file.writeUInt16LE(value, (wide ? 0x3a : 0x2e) + 2 * i);
  }
  names.copy(file, headBytes);
  let name = 0;
  for (const [index, section] of all.entries()) {
    const at = headBytes + names.length + index * entryBytes;
    const size = wide ? 8 : 4;
    file.writeUInt32LE(name, at);
    file.writeUInt32LE(section.type, at + 4);
    word(section.flags, at + 8);
    word(section.name === '.shstrtab' ? headBytes : 0, at + 8 + 2 * size);
    word(section.bytes, at + 8 + 3 * size);
    name += section.name.length + 1;
  }
  return file;
}

const sections: Wanted[] = [
  { name: '.text', type: 1, flags: 6, bytes: 100 },
  { name: '.rodata', type: 1, flags: 2, bytes: 20 },
  { name: '.weights', type: 1, flags: 2, bytes: 50 },
  { name: '.data', type: 1, flags: 3, bytes: 8 },
  { name: '.bss', type: 8, flags: 3, bytes: 30 },
  { name: '.arena', type: 8, flags: 3, bytes: 400 },
  { name: '.debug_info', type: 1, flags: 0, bytes: 9999 },
];

for (const wide of [false, true]) {
  test(`sizes from ${wide ? 64 : 32} bits`, (t) => {
    t.deepEqual(sectionSizes(elfSections(elf(wide, sections))), {
      flashBytes: 178,
      textBytes: 100,
      rodataBytes: 20,
      weightBytes: 50,
      ramBytes: 438,
      arenaBytes: 400,
    });
  });
}

test('sizes by memory: copies and initial values count where they are flashed, too', (t) => {
  const section = (name: string, address: number, bytes: number, writable: boolean, loaded: boolean) => ({
    ...{ name, address, bytes, writable, loaded },
    allocated: true,
    executable: name === '.text',
  });
  const all = [
    section('.text', 0x100, 100, false, true),
    section('.weights', 0x200, 50, false, true),
    section('.weights.qspi', 0x9000, 70, false, true),
    section('.copied.dtcm.flash', 0x2000, 30, false, true),
    section('.data', 0x2100, 8, true, true),
    section('.arena', 0x2200, 400, true, false),
    section('.arena.sdram', 0x5000, 900, true, false),
  ];
  const sizes = (name: string, base: number) => memorySizes(all, { name, base, bytes: 0x1000 }, 'flash');
  t.deepEqual(sizes('flash', 0), { used: 188, weightBytes: 80, arenaBytes: 0 });
  t.deepEqual(sizes('qspi', 0x9000), { used: 70, weightBytes: 70, arenaBytes: 0 });
  t.deepEqual(sizes('dtcm', 0x2000), { used: 438, weightBytes: 30, arenaBytes: 400 });
  t.deepEqual(sizes('sdram', 0x5000), { used: 900, weightBytes: 0, arenaBytes: 900 });
  const { weightBytes, ramBytes, arenaBytes, flashBytes } = sectionSizes(all);
  t.deepEqual([weightBytes, ramBytes, arenaBytes, flashBytes], [150, 1338, 1300, 258]);
});

test('damaged files are E_BUILD, whatever is wrong with them', (t) => {
  const good = elf(false, [...sections, { name: '.symtab', type: 2, flags: 0, bytes: 48 }]);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, length) => {
      const bad = good.slice(0, Math.max(length, at + 1));
      bad[at] = value;
      try {
        elfSections(bad);
        elfSymbols(bad);
        t.true((elfBytes(bad)(0, 4)?.length ?? 4) === 4);
      } catch (error) {
        t.true(error instanceof ReflowError && error.code === 'E_BUILD');
      }
    }),
  );
  t.throws(() => elfSections(new Uint8Array(10)), { code: 'E_BUILD' });
  t.throws(() => elfSymbols(new Uint8Array(10)), { code: 'E_BUILD' });
  t.throws(() => elfBytes(new Uint8Array(10)), { code: 'E_BUILD' });
});
