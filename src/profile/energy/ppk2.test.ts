import test from 'ava';
import fc from 'fast-check';
import { memoryPorts } from '../../base/port.js';
import { cut, cutPlaces, utf8 } from './chunks.fixture.js';
import { lostSamples } from './energy-trace.js';
import { Ppk2, regulatorBytes } from './ppk2.js';
import { Ppk2Decoder } from './ppk2-decoder.js';
import { emulatePpk2, encodePpk2, type Ppk2Reading, ppk2MetadataText } from './ppk2-emulator.js';
import { Ppk2MetadataReader, parsePpk2Metadata } from './ppk2-metadata.js';
import { SpikeFilter } from './ppk2-spike-filter.js';

const metadata = parsePpk2Metadata(ppk2MetadataText());

function decode(chunks: readonly Uint8Array[], markerPin?: number) {
  const decoder = new Ppk2Decoder({ metadata, volts: 3, markerPin });
  for (const chunk of chunks) decoder.push(chunk);
  return decoder.finish();
}

const reading: fc.Arbitrary<Ppk2Reading> = fc.record({
  adc: fc.integer({ min: 0, max: 0x3fff }),
  range: fc.integer({ min: 0, max: 4 }),
  pins: fc.integer({ min: 0, max: 255 }),
});

test('one reading by the formula', (t) => {
  const trace = decode([encodePpk2([{ adc: 1000, range: 2 }])]);
  const raw = ((4000 - 64.602) * 1.8) / 163840 / 10.3027;
  const amperes = raw * (18.0115 * raw + 0.9609) + 0.000005281 * 3 + 0.000036439;
  t.true(Math.abs(trace.samples[0]! / (3 * amperes) - 1) < 1e-12);
});

test('words cut anywhere decode like the whole stream', (t) => {
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 200 }), fc.nat(63), cutPlaces, (readings, first, places) => {
      const bytes = encodePpk2(readings, first);
      const whole = decode([bytes], 0);
      t.deepEqual(decode(cut(bytes, places), 0), whole);
      t.is(whole.samples.length, readings.length);
      t.deepEqual(whole.gaps, []);
    }),
  );
  const bytes = encodePpk2(Array(50).fill({ adc: 5, range: 1 }));
  t.deepEqual(decode([...bytes].map((byte) => Uint8Array.of(byte))), decode([bytes]));
});

test('lost words are counted in place, whatever the chunks', (t) => {
  const readings = fc.array(reading, { minLength: 60, maxLength: 200 });
  fc.assert(
    fc.property(
      readings,
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 15 }),
      cutPlaces,
      (all, at, count, places) => {
        const bytes = encodePpk2(all);
        const damaged = Uint8Array.from([...bytes.subarray(0, at * 4), ...bytes.subarray((at + count) * 4)]);
        const trace = decode(cut(damaged, places));
        t.deepEqual(trace.gaps, [{ beforeSample: at, lostSamples: count }]);
        t.is(trace.samples.length, all.length - count);
      },
    ),
  );
});

test('lost bytes: the framing is found again and the loss is counted', (t) => {
  const readings = fc.array(reading, { minLength: 80, maxLength: 150 });
  fc.assert(
    fc.property(
      readings,
      fc.integer({ min: 4, max: 120 }),
      fc.integer({ min: 1, max: 3 }),
      cutPlaces,
      (all, at, count, places) => {
        const bytes = encodePpk2(all);
        const damaged = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + count)]);
        const trace = decode(cut(damaged, places));
        t.true(lostSamples(trace) >= 1);
        // The tail must be what an undamaged stream gives, up to the memory of the spike filter (range changes).
        t.is((trace.samples.length + lostSamples(trace)) % 64, all.length % 64);
        t.true(trace.warnings.length > 0);
      },
    ),
    { numRuns: 300 },
  );
});

test('garbage: no crash, no NaN, decoding is independent of the chunks', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), cutPlaces, (bytes, places) => {
      const whole = decode([bytes], 7);
      t.deepEqual(decode(cut(bytes, places), 7), whole);
      t.true(whole.samples.every(Number.isFinite));
    }),
    { numRuns: 500 },
  );
});

test('falling edges of the marker pin only', (t) => {
  const levels = [1, 1, 0, 0, 1, 0];
  const trace = decode([encodePpk2(levels.map((level) => ({ adc: 0, range: 0, pins: level << 3 })))], 3);
  t.deepEqual(trace.edges, [{ timeS: 2e-5 }, { timeS: 5e-5 }]);
});

test('spike filter: three readings after a change of range become the running mean', (t) => {
  const filter = new SpikeFilter();
  const out = [1, 1, 9, 1, 1, 1].map((amperes, i) => filter.next(amperes, i < 2 ? 1 : 2));
  t.deepEqual(out.slice(0, 2), [1, 1]);
  t.true(Math.abs(out[2]! - (1 + 0.18 * 8)) < 1e-12);
  t.true(out[3]! > 1 && out[4]! > 1);
  t.is(out[5], 1);
  const top = new SpikeFilter();
  // Into range 4: the first two readings do not enter the means at all.
  t.deepEqual(
    [1, 100, 100, 1, 1].map((amperes, i) => top.next(amperes, i === 0 ? 3 : 4)),
    [1, 1, 1, 1, 1],
  );
});

test('metadata: damaged values fall back to nominal with a warning; no text crashes', (t) => {
  const damaged = parsePpk2Metadata(ppk2MetadataText({ R3: '0', GS1: 'nan', Calibrated: '0' }));
  t.deepEqual([damaged.ranges[3]!.r, damaged.ranges[1]!.gs, damaged.warnings.length], [0.94, 1, 3]);
  t.deepEqual([metadata.warnings, metadata.hardware], [[], '9173']);
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      for (const range of parsePpk2Metadata(text).ranges)
        t.true(Object.values(range).every(Number.isFinite) && range.r > 0);
    }),
  );
  t.throws(() => new Ppk2MetadataReader().push(new Uint8Array(9000).fill(65)), { code: 'E_DEVICE' });
});

test('voltage bytes', (t) => {
  t.deepEqual(
    [regulatorBytes(0.8), regulatorBytes(3.3), regulatorBytes(5)],
    [
      [3, 32],
      [12, 228],
      [19, 136],
    ],
  );
});

test('driver: a run against the emulator in odd chunks', async (t) => {
  const [host, far] = memoryPorts();
  const readings = Array.from({ length: 500 }, (_, i) => ({
    adc: 100 + (i % 7),
    range: 1,
    pins: i % 100 < 50 ? 1 : 0,
  }));
  const emulator = emulatePpk2(far, encodePpk2(readings));
  let arrived = 0;
  host.onData((bytes) => {
    arrived += bytes.length;
  });
  const meter = new Ppk2(host, { volts: 3, markerPin: 0 });
  await meter.open();
  const before = arrived;
  await meter.start();
  await meter.acquire(5000, () => arrived - before >= 2000);
  const trace = await meter.stop();
  await meter.close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  t.is(trace.samples.length, 500);
  t.deepEqual([trace.edges.length, trace.gaps, trace.warnings], [5, [], []]);
  t.deepEqual(emulator.commands, [
    [0x07],
    [0x19],
    [0x11, 2],
    [0x0d, 11, 184],
    [0x0c, 1],
    [0x06],
    [0x07],
    [0x07],
    [0x0c, 0],
  ]);
});

test('driver: silence and wrong settings', async (t) => {
  const [host] = memoryPorts();
  const meter = new Ppk2(host, { volts: 3, commandMs: 60 });
  await t.throwsAsync(meter.open(), { code: 'E_TIMEOUT', message: /no metadata/ });
  await meter.close();
  t.throws(() => new Ppk2(host, { volts: 9 }), { code: 'E_USAGE' });
  t.throws(() => new Ppk2(host, { volts: 3, markerPin: 8 }), { code: 'E_USAGE' });
  const [busy, far] = memoryPorts();
  far.onData((bytes) => bytes[0] === 0x19 && void far.write(utf8('x'.repeat(9000))));
  await t.throwsAsync(new Ppk2(busy, { volts: 3 }).open(), { code: 'E_DEVICE' });
});
