import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../../base/error.js';
import { memoryPorts } from '../../base/port.js';
import { utf8 } from './chunks.fixture.js';
import { MlperfClient } from './mlperf-client.js';
import { type MlperfDevice, MlperfEmulator, type MlperfFaults } from './mlperf-emulator.js';
import { type LoggedInference, parseMlperfLine, parsePerformanceLog } from './mlperf-log.js';
import { iterationsFor, judgePerformance } from './mlperf-rules.js';

const device: MlperfDevice = {
  vendor: 'reflow',
  model: 'kws01',
  inputBytes: 490,
  latencyUs: 43_000,
  run: (input) => [input.reduce((sum, byte) => sum + byte, 0), 0.5],
};

function bench(faults: MlperfFaults = {}, override: Partial<MlperfDevice> = {}, commandMs = 2000) {
  const [host, far] = memoryPorts();
  const emulator = new MlperfEmulator(far, { ...device, ...override }, faults);
  return { client: new MlperfClient(host, { commandMs }), emulator, host, far };
}

const input = Uint8Array.from({ length: 490 }, (_, i) => (i * 37) % 256);

test('a performance run of five inputs by the rules', async (t) => {
  const { client, emulator } = bench();
  emulator.boot();
  t.is(await client.name(), 'reflow');
  t.deepEqual(await client.profile(), { profile: 'ULPMark for tinyML Firmware V0.0.1', model: 'kws01' });
  const n = iterationsFor(43_000);
  const windows: LoggedInference[] = [];
  for (let i = 0; i < 5; i++) {
    await client.load(input.map((byte) => byte ^ i));
    windows.push(await client.infer(n, 10, 500));
  }
  const result = judgePerformance(windows, 'both');
  t.deepEqual([result.medianUs, result.valid, result.violations], [43_000, true, []]);
  t.is(
    windows[0]!.results[0],
    input.reduce((sum, byte) => sum + byte, 0),
  );
  t.deepEqual(await client.results(), windows[4]!.results);
  t.is(await client.timestamp(), 5 * (n + 10) * 43_000);
  client.close();
});

test('energy mode pulses instead of printing', async (t) => {
  const { client, emulator } = bench({}, { energyMode: true });
  emulator.boot();
  await client.load(input);
  const window = await client.infer(20, 1, 500);
  t.is(window.elapsedUs, null);
  t.is(await client.timestamp(), null);
  t.deepEqual(emulator.pulsesUs, [0, 43_000, 21 * 43_000, 21 * 43_000]);
});

test('refusals, silence and lost lines end with their error', async (t) => {
  const { client } = bench();
  await t.throwsAsync(client.load(new Uint8Array(500)), { code: 'E_DEVICE', message: /exceeds/ });
  await t.throwsAsync(client.infer(0, 1, 100), { code: 'E_DEVICE', message: /iterations must be >0/ });
  const silent = bench({ toHost: () => '' }, {}, 20);
  await t.throwsAsync(silent.client.name(), { code: 'E_TIMEOUT' });
  const pulled = bench();
  pulled.host.lose();
  await t.throwsAsync(pulled.client.profile());
  const lying = bench({ toHost: (text) => text.replace('infer-start-7', 'infer-start-6') });
  await lying.client.load(input);
  await t.throwsAsync(lying.client.infer(7, 0, 100), { code: 'E_PROTOCOL' });
});

test('the name is found behind the noise of a line that was just opened', async (t) => {
  const { client, far } = bench();
  await far.write(utf8('\xff\x00garbage'));
  const noise = bench();
  await noise.host.write(utf8('\x7fjunk'));
  t.is(await client.name(), 'reflow');
  t.is(await noise.client.name(), 'reflow');
});

test('bytes lost or flipped on the way: the load succeeds with the right input or fails, never in between', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1100), fc.integer({ min: 0, max: 255 }), fc.boolean(), async (at, mask, lose) => {
      let count = 0;
      const toDevice = (byte: number) => (count++ === at ? (lose ? null : byte ^ mask) : byte);
      const { client, emulator } = bench({ toDevice }, {}, 100);
      try {
        await client.load(input);
        const window = await client.infer(1, 0, 100);
        t.is(
          window.results[0],
          input.reduce((sum, byte) => sum + byte, 0),
        );
      } catch (error) {
        t.true(error instanceof ReflowError);
      }
      emulator.close();
      client.close();
    }),
    { numRuns: 60 },
  );
});

test('whatever the device answers: a result or an error, in time', async (t) => {
  const word = fc.constantFrom(
    'm-ready',
    'm-lap-us-12',
    'm-lap-us-9',
    'm-infer-start-3',
    'm-warmup-start-1',
    'm-results-[1,x]',
    'e-[no]',
    'm-buffer-0g',
    'm-load-done',
  );
  const answer = fc
    .array(fc.oneof(word, fc.string({ maxLength: 30 })), { maxLength: 12 })
    .map((lines) => lines.join('\r\n'));
  await fc.assert(
    fc.asyncProperty(answer, fc.nat(4), async (text, which) => {
      const { client, emulator } = bench({ toHost: answering(text) }, {}, 15);
      const calls = [
        () => client.profile(),
        () => client.load(Uint8Array.of(1)),
        () => client.infer(3, 1, 30),
        () => client.results(),
        () => client.timestamp(),
      ];
      try {
        const value = await calls[which]!();
        if (typeof value === 'number') t.true(Number.isFinite(value));
      } catch (error) {
        t.true(error instanceof ReflowError);
      }
      emulator.close();
      client.close();
    }),
    { numRuns: 40 },
  );
});

/** Answers the client's question for its state, and everything else with `text`. */
const answering = (text: string) => (answer: string) => (answer.includes('sync') ? answer : `${text}\r\n`);

const log = `
00010.001 DUT: m-warmup-start-1
00010.002 DUT: m-warmup-done
00010.003 DUT: m-infer-start-100
00010.004 DUT: m-lap-us-1000
00015.199 DUT: m-lap-us-5196000
00015.200 DUT: m-infer-done
00015.201 DUT: m-results-[0.125,0.875,]
00015.202 DUT: m-ready
`;

test('a performance log: laps, counts and what the rules say', (t) => {
  const windows = parsePerformanceLog(log.repeat(5));
  t.deepEqual(windows[0], { inferences: 100, warmups: 1, elapsedUs: 5_195_000, results: [0.125, 0.875] });
  t.true(judgePerformance(windows).valid, 'ten iterations are enough for `either`');
  t.is(judgePerformance(windows, 'both').violations.length, 5);
  t.true(judgePerformance(windows, 'mlcommons').valid);
  t.false(judgePerformance(windows.slice(1), 'mlcommons').valid);
  t.is(judgePerformance(windows).medianUs, 51_950);
});

test('a log without a lap gives no time, and the rules say so', (t) => {
  const [window] = parsePerformanceLog(log.replace('m-lap-us-1000', ''));
  t.is(window!.elapsedUs, null);
  const result = judgePerformance([window!]);
  t.deepEqual([result.medianUs, result.valid], [null, false]);
  t.regex(result.violations.join(), /no valid pair of time stamps/);
  t.is(parsePerformanceLog(log.replace('5196000', '500'))[0]!.elapsedUs, null, 'a clock that runs backwards');
});

test('any log: finite numbers only', (t) => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(...log.split('\n'), 'm-lap-us-99999999999999999999', 'm-results-[nan]'),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const windows = parsePerformanceLog(lines.join('\n'));
      const result = judgePerformance(windows);
      t.true(result.medianUs === null || (Number.isFinite(result.medianUs) && result.medianUs > 0));
      for (const window of windows) t.true(window.results.every(Number.isFinite));
      for (const text of lines) t.truthy(parseMlperfLine(text).kind);
    }),
  );
});

test('iterations satisfy both readings of the rule', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1e8, noNaN: true }), (latencyUs) => {
      const n = iterationsFor(latencyUs);
      t.true(n >= 10 && n * latencyUs >= 10e6);
    }),
  );
  t.is(iterationsFor(Number.NaN), 10);
});
