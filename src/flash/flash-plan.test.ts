import test from 'ava';
import fc from 'fast-check';
import { chipByPid, chips } from './chips.js';
import { type FlashSegment, planFlash, sectorHash, weightsAddress } from './flash-plan.js';
import { sectorMap } from './sector-map.js';

const l4r5 = chipByPid(0x470)!;
const pages = sectorMap(l4r5, 'dual');
const filled = (bytes: number, value = 0x11) => new Uint8Array(bytes).fill(value);
const program = (address: number, bytes: Uint8Array): FlashSegment => ({ name: 'program', address, bytes });

test('every chip has the sector map of its manual', (t) => {
  const map = (pid: number, mode: 'single' | 'dual' | null = null, bytes?: number) => {
    const sectors = sectorMap(chipByPid(pid)!, mode, bytes);
    const runs: string[] = [];
    for (const kib of sectors.map((s) => s.bytes / 1024)) {
      const last = runs.at(-1)?.split('x');
      if (last && Number(last[1]) === kib) runs[runs.length - 1] = `${Number(last[0]) + 1}x${kib}`;
      else runs.push(`1x${kib}`);
    }
    return runs.join(' ');
  };
  t.is(map(0x413), '4x16 1x64 7x128');
  t.is(map(0x421), '4x16 1x64 3x128');
  t.is(map(0x423, null, 128 * 1024), '4x16 1x64');
  t.is(map(0x449), '4x32 1x128 3x256');
  t.is(map(0x451, 'single'), '4x32 1x128 7x256');
  t.is(map(0x451, 'dual'), '4x16 1x64 7x128 4x16 1x64 7x128');
  t.is(map(0x450), '16x128');
  t.is(map(0x480), '256x8');
  t.is(map(0x470, 'dual'), '512x4');
  t.is(map(0x470, 'single'), '256x8');
  t.is(map(0x470, 'dual', 1 << 20), '128x4', 'a smaller two-bank part: only its first bank is described');
  t.is(map(0x469, 'single'), '128x4');
  t.is(map(0x482), '256x8');
  t.throws(() => sectorMap(l4r5, null), { code: 'E_DEVICE', message: /one bank or two/ });
});

test('chips are distinct, and their words divide their sectors', (t) => {
  t.is(new Set(chips.map((c) => c.pid)).size, chips.length);
  for (const chip of chips) {
    for (const { runs } of chip.layouts) t.true(runs.every((run) => run.bytes % chip.wordBytes === 0));
    t.false(chip.ecc && chip.byteProgrammingDefault);
  }
});

test('a record that equals means same, one that differs changed, none unknown', (t) => {
  const segments = [program(0x08000000, filled(3 * 4096))];
  const hash = sectorHash(filled(4096));
  const plan = planFlash({ sectors: pages, segments, wordBytes: 8, known: { 0: hash, 1: 'stale' } });
  t.deepEqual(
    plan.map((p) => p.state),
    ['same', 'changed', 'unknown'],
  );
  t.is(plan[0]!.hash, hash);
});

test('a change of one byte changes the hash of its sector and of no other', (t) => {
  const image = filled(40_000);
  const hashes = () =>
    planFlash({ sectors: pages, segments: [program(0x08000000, image)], wordBytes: 8 }).map((p) => p.hash);
  const before = hashes();
  image[20_000] = 0x12;
  const differ = hashes().flatMap((hash, i) => (hash === before[i] ? [] : [i]));
  t.deepEqual(differ, [4]);
});

test('weights get sectors of their own', (t) => {
  t.is(weightsAddress(pages, 0x08000000, 5000), 0x08002000);
  t.is(weightsAddress(pages, 0x08000000, 8192), 0x08002000);
  const f4 = sectorMap(chipByPid(0x413)!, null);
  t.is(weightsAddress(f4, 0x08000000, 70_000), 0x08020000);
  t.throws(() => weightsAddress(f4, 0x08000000, 1 << 20), { code: 'E_DOES_NOT_FIT' });
});

test('segments that overlap, are empty, lie outside or off a word are refused', (t) => {
  const plan =
    (...segments: FlashSegment[]) =>
    () =>
      planFlash({ sectors: pages, segments, wordBytes: 8 });
  t.throws(plan(program(0x08000000, filled(0))), { code: 'E_INPUT', message: /empty/ });
  t.throws(plan(program(0x08000004, filled(9))), { code: 'E_INPUT', message: /8-byte flash word/ });
  t.throws(plan(program(0x08000000, filled(20)), program(0x08000010, filled(8))), {
    code: 'E_INPUT',
    message: /overlaps/,
  });
  t.throws(plan(program(0x08000000 + (2 << 20) - 8, filled(16))), { code: 'E_DOES_NOT_FIT' });
  t.throws(plan(program(0x07fffff8, filled(8))), { code: 'E_DOES_NOT_FIT' });
});

test('blocks rebuild the image, lie on words, and hold no erased word at their ends', (t) => {
  const run = fc.record({ value: fc.constantFrom(0xff, 0, 7), count: fc.integer({ min: 1, max: 700 }) });
  const property = fc.property(
    fc.array(run, { minLength: 1, maxLength: 20 }),
    fc.constantFrom(4, 8, 16, 32),
    fc.nat(300),
    (runsOf, wordBytes, startWord) => {
      const bytes = Uint8Array.from(runsOf.flatMap((r) => Array<number>(r.count).fill(r.value)));
      const address = 0x08000000 + startWord * wordBytes;
      const plan = planFlash({ sectors: pages, segments: [program(address, bytes)], wordBytes });
      const flash = filled(plan.at(-1)!.sector.address + 4096 - 0x08000000, 0xff);
      for (const block of plan.flatMap((p) => p.blocks)) {
        const words = block.bytes.length / wordBytes;
        const erased = (word: number) =>
          block.bytes.subarray(word * wordBytes, (word + 1) * wordBytes).every((byte) => byte === 0xff);
        if (block.address % wordBytes !== 0 || !Number.isInteger(words) || words === 0) return false;
        if (block.bytes.length > 256 || erased(0) || erased(words - 1)) return false;
        flash.set(block.bytes, block.address - 0x08000000);
      }
      return bytes.every((byte, i) => byte === flash[address - 0x08000000 + i]);
    },
  );
  fc.assert(property, { numRuns: 300 });
  t.pass();
});
