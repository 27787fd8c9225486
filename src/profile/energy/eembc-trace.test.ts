import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../../base/error.js';
import { cut, cutPlaces, utf8 } from './chunks.fixture.js';
import { parseRunnerResults } from './eembc-results.js';
import { decodeEembcTrace, EembcEnergyDecoder, parseEembcTimestamps } from './eembc-trace.js';
import { lostSamples } from './energy-trace.js';
import { measureRunnerTrials, parseRunnerTrials, RunnerResultsDecoder } from './mlperf-runner-results.js';

function energyFile(rateHz: number, microjoules: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(5 + 4 * microjoules.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0xf1);
  view.setFloat32(1, rateHz, true);
  for (const [i, value] of microjoules.entries()) view.setFloat32(5 + 4 * i, value, true);
  return bytes;
}

test('chunks decode like the whole file, whatever floats are in it', (t) => {
  fc.assert(
    fc.property(fc.array(fc.float({ noDefaultInfinity: false })), cutPlaces, (values, places) => {
      const file = energyFile(1000, values);
      const whole = decodeEembcTrace(file, '[0.001]');
      const decoder = new EembcEnergyDecoder();
      for (const chunk of cut(file, places)) decoder.push(chunk);
      t.deepEqual(decoder.finish([0.001]), whole);
      t.is(whole.samples.length + lostSamples(whole), values.length);
      t.is(lostSamples(whole), values.filter((value) => !Number.isFinite(value)).length);
    }),
  );
});

test('other files are refused with E_INPUT, and never crash', (t) => {
  const refused = { instanceOf: ReflowError, message: /not an EEMBC trace/ };
  for (const bytes of [
    [],
    [0xf0, 0, 0, 0, 0],
    [0xf1, 1, 2],
    [...energyFile(Number.NaN, [])],
    [...energyFile(-1, [1])],
  ]) {
    t.throws(() => decodeEembcTrace(Uint8Array.from(bytes), '[]'), refused);
  }
  for (const text of ['', '{}', '[1, "2"]', '[2, 1]', '[1, 1]', '[-1]', '[1e999]', '[null]']) {
    t.throws(() => parseEembcTimestamps(text), refused);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.oneof(fc.string(), fc.json()), (bytes, text) => {
      try {
        decodeEembcTrace(bytes, text);
      } catch (error) {
        t.true(error instanceof ReflowError && error.code === 'E_INPUT');
      }
    }),
  );
});

test('a file cut inside a sample says so', (t) => {
  t.regex(
    decodeEembcTrace(energyFile(1000, [1, 2]).subarray(0, 11), '[]').warnings.join(),
    /ends inside a sample/,
  );
});

test('runner reports of both generations are read', (t) => {
  const mlcommons = [
    'Energy data for trial 0',
    '  Elapsed time  : 10.575999999999999',
    '  Inferences    : 2200',
    '  Total Energy  : 352870.670 uJ',
    '  Energy/Inf    : 160.396 uJ/inf',
    'Median energy cost is 160.4232 uJ/inf.',
  ].join('\n');
  const results = parseRunnerResults(mlcommons);
  t.deepEqual(
    [results.inferences, results.windowEnergyUj, results.ujPerInference, results.medianUj],
    [[2200], [352870.67], [160.396], 160.4232],
  );
  fc.assert(
    fc.property(fc.string(), (text) =>
      t.true(parseRunnerResults(text).ujPerInference.every(Number.isFinite)),
    ),
  );
});

/** Five trials as MLCommons' runner writes them. */
function trials(edit: (entry: Record<string, unknown>, i: number) => unknown = (entry) => entry): string {
  const entries = [10, 30, 20, 50, 40].map((microjoules, i) =>
    edit(
      {
        file: `input_${i}.bin`,
        infer: { results: [0.5], total_inferences: 1, iterations: 100, warmups: 1 },
        power: {
          samples: [...Array(50).fill(1e-3), ...Array(200).fill(microjoules * 1e-6), ...Array(30).fill(1e-3)],
          timestamps: [
            [String(2 * i + 1).padStart(2, '0'), 50],
            [String(2 * i + 2).padStart(2, '0'), 250],
          ],
        },
        mode: 'e',
      },
      i,
    ),
  );
  return JSON.stringify(entries);
}

test('results.json of the MLCommons runner: last two events of each trial, median of five', (t) => {
  const decoder = new RunnerResultsDecoder();
  for (const chunk of cut(utf8(trials()), [0.1, 0.33, 0.9])) decoder.push(chunk);
  const measured = measureRunnerTrials(decoder.finish());
  t.deepEqual(measured.warnings, []);
  t.true(Math.abs(measured.medianUj! - 60) < 1e-9);
  t.is(measured.trials[0]!.windows[0]!.durationS, 0.2);
});

test('results.json: a lost event, a NaN reading and error notes are reported', (t) => {
  const lost = parseRunnerTrials(
    trials((entry, i) => {
      const power = entry.power as { samples: unknown[]; timestamps: unknown[] };
      if (i === 1) power.timestamps = power.timestamps.slice(1);
      if (i === 2) power.samples[100] = 'NAN';
      return entry;
    }).replace('"NAN"', 'NaN'),
  );
  const measured = measureRunnerTrials(lost);
  t.is(measured.lostEdges, 1);
  t.regex(measured.warnings.join('\n'), /trial 1: 1 marker edge\(s\) lost/);
  t.regex(measured.warnings.join('\n'), /trial 2: window 1 .* lost 1 sample\(s\) and does not count/);
  t.true(Math.abs(measured.medianUj! - 80) < 1e-9, 'of 20, 100 and 80');
  t.is(parseRunnerTrials('[{"error": "error 2"}]').length, 0);
});

test('results.json: anything else is refused with E_INPUT', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), fc.constant(trials().slice(0, -5))), (text) => {
      try {
        measureRunnerTrials(parseRunnerTrials(text));
      } catch (error) {
        t.true(error instanceof ReflowError && error.code === 'E_INPUT');
      }
    }),
  );
});
