import test from 'ava';
import fc from 'fast-check';
import { type MemoryPort, memoryPorts } from '../../base/port.js';
import { cut, cutPlaces, utf8 } from './chunks.fixture.js';
import { lostSamples } from './energy-trace.js';
import { Lpm01a, type Lpm01aOptions } from './lpm01a.js';
import { Lpm01aAsciiDecoder, type Lpm01aSettings } from './lpm01a-ascii.js';
import { Lpm01aBinaryDecoder } from './lpm01a-binary.js';
import { emulateLpm01a, type Lpm01aFaults } from './lpm01a-emulator.js';
import { measureEnergy } from './measure-energy.js';

const energy: Lpm01aSettings = { output: 'energy', rateHz: 1000, volts: 1.8 };
const current: Lpm01aSettings = { output: 'current', rateHz: 1000, volts: 2 };

test('ascii: the documented readings, events and time stamps', (t) => {
  const decoder = new Lpm01aAsciiDecoder(current);
  decoder.push(
    'PowerShield > ack start\r\n6409-07\r\n6410-076411-07 0001+00\r\nevent 03 ris\r\nTimeStamp: 003s 000ms, buff 00%\r\n',
  );
  const trace = decoder.finish();
  t.deepEqual([...trace.samples], [2 * 6409e-7, 2 * 6410e-7, 2 * 6411e-7, 2]);
  t.deepEqual(trace.edges, [{ timeS: 0.004, number: 3 }]);
  t.deepEqual([trace.quantity, trace.warnings], ['watts', []]);
});

test('ascii: dropped and broken readings are counted, a text line is not', (t) => {
  const second = (readings: number) => '1000-07\r\n'.repeat(readings);
  const decoder = new Lpm01aAsciiDecoder(energy);
  decoder.push(`TimeStamp: 000s 000ms, buff 00%\r\n${second(1000)}TimeStamp: 001s 000ms, buff 00%\r\n`);
  decoder.push(
    `${second(500)}10x0-07\r\n12-07\r\n${second(496)}info: 5 things\r\nTimeStamp: 002s 000ms, buff 97%\r\n`,
  );
  decoder.push(`${second(7)}999-07\r\n100`);
  const trace = decoder.finish();
  t.is(trace.samples.length, 2003);
  t.regex(trace.warnings.join('\n'), /unreadable|missing before 2.000 s/);
  t.regex(trace.warnings.join('\n'), /buffer was 97 % full/);
  t.true(lostSamples(trace) >= 4);
});

/** The same run as text and as binary: readings with their exponents, an event, a stamp. */
function binaryStream(words: readonly number[], stampMs: number): Uint8Array {
  const readings = words.flatMap((word) => [word >> 8, word & 255]);
  const stamp = [
    0xf0,
    0xf3,
    (stampMs >>> 24) & 255,
    (stampMs >>> 16) & 255,
    (stampMs >>> 8) & 255,
    stampMs & 255,
    3,
    0xff,
    0xff,
  ];
  return Uint8Array.from([...readings, 0xf0, 0xf2, ...utf8('event 01 ris'), 0xff, 0xff, ...stamp]);
}

test('binary: the documented reading 0x52A0 is 640.9 uA', (t) => {
  const decoder = new Lpm01aBinaryDecoder({ ...current, volts: 1 });
  decoder.push(Uint8Array.from([13, 10, ...binaryStream([0x52a0], 0)]));
  const trace = decoder.finish();
  t.is(trace.samples[0], 672 / 16 ** 5);
  t.true(Math.abs(trace.samples[0]! - 640.9e-6) < 1e-7);
  t.deepEqual(trace.edges, [{ timeS: 0.001, number: 1 }]);
});

test('binary: a lost byte is noticed at the next time stamp and the readings behind it are right again', (t) => {
  const words = Array.from({ length: 999 }, (_, i) => 0x5200 + (i % 200));
  const bytes = [
    ...binaryStream([], 0),
    ...binaryStream([0x5111, ...words], 1000),
    ...binaryStream([0x5222, 0x5223], 1002),
  ];
  bytes.splice(200, 1);
  const decoder = new Lpm01aBinaryDecoder({ ...current, volts: 1 });
  decoder.push(Uint8Array.from(bytes));
  const trace = decoder.finish();
  t.deepEqual([...trace.samples.slice(-2)], [0x222 / 16 ** 5, 0x223 / 16 ** 5]);
  // The second with the lost byte is given up as a whole: its readings were halves of two.
  t.deepEqual([trace.samples.length, trace.gaps], [2, [{ beforeSample: 0, lostSamples: 1000 }]]);
  t.deepEqual(
    trace.edges.map((edge) => edge.number),
    [1, 1, 1],
    'events are found in spite of the lost byte',
  );
  t.regex(trace.warnings.join(), /impossible reading 0x\w+: readings since the last time stamp are given up/);
});

test('both formats: chunks decode like the whole, and garbage neither crashes nor leaks NaN', (t) => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .constantFrom(
        '6409-07\r\n',
        'event 09 ris\r\n',
        'TimeStamp: 001s 000ms, buff 00%\r\n',
        'PowerShield > ',
        'end\r\n',
        'error x\r\n',
      )
      .map(utf8),
    fc
      .array(fc.integer({ min: 0x4000, max: 0xefff }), { maxLength: 9 })
      .map((words) => binaryStream(words, 500)),
  );
  const stream = fc
    .array(piece, { maxLength: 20 })
    .map((pieces) => Uint8Array.from(pieces.flatMap((bytes) => [...bytes])));
  fc.assert(
    fc.property(stream, cutPlaces, fc.constantFrom(energy, current), (bytes, places, settings) => {
      for (const Decoder of [Lpm01aAsciiDecoder, Lpm01aBinaryDecoder]) {
        const whole = new Decoder(settings);
        whole.push(bytes);
        const parts = new Decoder(settings);
        for (const chunk of cut(bytes, places)) parts.push(chunk);
        t.deepEqual(parts.finish(), whole.finish());
      }
    }),
    { numRuns: 500 },
  );
});

function bench(stream: Uint8Array, options: Partial<Lpm01aOptions> = {}, faults: Lpm01aFaults = {}) {
  const [host, far] = memoryPorts();
  const emulator = emulateLpm01a(far, stream, faults);
  return {
    meter: new Lpm01a(host, { volts: 1.8, commandMs: 3000, ...options }),
    emulator,
    host: host as MemoryPort,
  };
}

/** Five windows of 200 ms at 10 mW and pauses of 50 ms, with events 00 to 10 as the meter prints them. */
function runText(): Uint8Array {
  let text = 'event 00 ris\r\n';
  for (let i = 0; i < 5; i++) {
    const event = (n: number) => `event ${String(n).padStart(2, '0')} ris\r\n`;
    text += `${'2000-09\r\n'.repeat(50)}${event(2 * i + 1)}${'1000-08\r\n'.repeat(200)}${event(2 * i + 2)}`;
  }
  return utf8(text);
}

test('driver: a whole run against the emulator, in small chunks', async (t) => {
  const { meter, emulator } = bench(runText(), {}, { chunkBytes: 37 });
  await meter.open();
  await meter.start();
  await meter.acquire(400);
  const trace = await meter.stop();
  await meter.close();
  t.deepEqual(emulator.commands, [
    'htc',
    'pwr off',
    'acqtime inf',
    'trigdelay 0',
    'trigsrc sw',
    'eventsrc d7 fal',
    'output energy',
    'format ascii_dec',
    'freq 1k',
    'volt 1800m',
    'pwr on nostatus',
    'start',
    'stop',
    'pwr off',
    'hrc',
  ]);
  const measured = measureEnergy(trace, { inferences: 10, firstNumber: 0 });
  t.deepEqual([measured.lostEdges, measured.warnings], [0, []]);
  t.true(Math.abs(measured.medianUj! - 200) < 1e-6);
});

test('driver: binary stream behind `ack start`', async (t) => {
  const { meter } = bench(binaryStream([0x5100, 0x5101, 0x0000], 0), {
    format: 'binary',
    output: 'current',
    rateHz: 100000,
  });
  await meter.open();
  await meter.start();
  await meter.acquire(60);
  const trace = await meter.stop();
  t.deepEqual([...trace.samples], [(256 / 16 ** 5) * 1.8, (257 / 16 ** 5) * 1.8, 0]);
  await meter.close();
});

test('driver: silence, refusal and a pulled cable end with their error, never with a hang', async (t) => {
  for (const command of ['htc', 'volt 1800m', 'start']) {
    const { meter } = bench(utf8(''), { commandMs: 40 }, { silentOn: command });
    await t.throwsAsync(
      meter.open().then(() => meter.start()),
      { code: 'E_TIMEOUT', message: new RegExp(command) },
    );
    await meter.close();
  }
  const silentStop = bench(utf8('1000-08\r\n'), { commandMs: 200 }, { silentOn: 'stop' });
  await silentStop.meter.open();
  await silentStop.meter.start();
  await t.throwsAsync(silentStop.meter.stop(), { code: 'E_TIMEOUT', message: /stop/ });
  await silentStop.meter.close();
  t.is(silentStop.meter.state, 'closed');
  const refusing = bench(utf8(''), {}, { refuses: 'volt 1800m' });
  await t.throwsAsync(refusing.meter.open(), { code: 'E_DEVICE', message: /not possible now/ });
  const pulled = bench(utf8('1000-08\r\n'));
  await pulled.meter.open();
  await pulled.meter.start();
  pulled.host.lose();
  await t.throwsAsync(pulled.meter.acquire(1000), { code: 'E_PORT' });
  await pulled.meter.close();
});

test('driver: settings outside the limits are refused before anything is sent', (t) => {
  const wrong: Partial<Lpm01aOptions>[] = [
    { volts: 5 },
    { volts: Number.NaN },
    { rateHz: 10000 },
    { rateHz: 50000, format: 'binary' },
  ];
  for (const options of wrong) t.throws(() => bench(utf8(''), options), { code: 'E_USAGE' });
});
