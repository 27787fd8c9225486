import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../../base/error.js';
import { parseRunnerResults } from './eembc-results.js';
import { decodeEembcTrace } from './eembc-trace.js';
import { type EnergyTrace, energyTrace } from './energy-trace.js';
import { measureEnergy } from './measure-energy.js';
import { pairEdges } from './pair-edges.js';

const captures = fileURLToPath(new URL('../../../../../shared/energy/', import.meta.url));
const names = existsSync(captures) ? readdirSync(captures).sort() : [];

function capture(name: string) {
  const file = (part: string) => readFileSync(`${captures}${name}/${part}`);
  const trace = decodeEembcTrace(file('trace1-energy.bin'), file('trace1-timestamps.json').toString());
  return { trace, results: parseRunnerResults(file('results.txt').toString()) };
}

if (names.length === 0) test.skip('captures of ../shared/energy are absent', () => {});

for (const name of names) {
  test(`capture ${name} reproduces every window and the submitted median within 0.1 %`, (t) => {
    const { trace, results } = capture(name);
    const measured = measureEnergy(trace, { inferences: results.inferences[0]! });
    t.is(measured.windows.length, results.ujPerInference.length);
    measured.windows.forEach((window, i) => {
      t.true(Math.abs(window.ujPerInference / results.ujPerInference[i]! - 1) < 1e-3);
      t.true(Math.abs(window.durationS - results.runtimeS[i]!) < 0.0021);
    });
    t.true(Math.abs(measured.medianUj! / results.medianUj! - 1) < 1e-3);
    t.is(measured.lostEdges, name.includes('lost_edge') ? 1 : 0);
    t.is(measured.warnings.length === 0, !name.includes('lost_edge'));
  });
}

for (const name of names.filter((name) => name.includes('lost_edge'))) {
  test(`capture ${name}: the lost edge is reported with the other reading of the edges, which is not chosen`, (t) => {
    const { trace, results } = capture(name);
    const measured = measureEnergy(trace, { inferences: results.inferences[0]! });
    t.regex(measured.warnings.join('\n'), /1 marker edge\(s\) lost: 10 seen, 11 expected/);
    t.is(measured.unpairedS.length, 1);
    // The windows of this submission are the pauses: the true ones take 213.9 ms per inference, as its performance run does.
    t.true(measured.alternative!.medianUj > 1.4 * measured.medianUj!);
  });
}

for (const name of names.filter((name) => !name.includes('lost_edge'))) {
  test(`capture ${name}: losing any one edge is reported, and never gives the old result silently`, (t) => {
    const { trace, results } = capture(name);
    for (let lost = 0; lost < trace.edges.length; lost++) {
      const edges = trace.edges.filter((_, i) => i !== lost);
      const measured = measureEnergy({ ...trace, edges }, { inferences: results.inferences[0]! });
      t.is(measured.lostEdges, 1);
      t.true(measured.warnings.length >= 2);
      // Edges lost before the third window shift the majority of the pairs: the power gives it away.
      if (lost < 4)
        t.true(Math.abs(measured.alternative!.medianUj / results.medianUj! - 1) < 0.02, `edge ${lost}`);
    }
  });
}

/** A run of five windows at `watts` with pauses that step, sampled at 1 kHz like an LPM01A. */
function madeUpRun(watts: number[], windowMs: number, pauseMs: number, numbered: boolean): EnergyTrace {
  const samples: number[] = [];
  const edges = [{ timeS: 0.01, ...(numbered ? { number: 0 } : {}) }];
  for (const power of watts) {
    for (let i = 0; i < pauseMs; i++) samples.push(1e-3 * (i < pauseMs / 2 ? 0.01 : 0.02));
    edges.push({ timeS: samples.length / 1000, ...(numbered ? { number: edges.length } : {}) });
    for (let i = 0; i < windowMs; i++) samples.push(1e-3 * power);
    edges.push({ timeS: samples.length / 1000, ...(numbered ? { number: edges.length } : {}) });
  }
  const clock = { kind: 'uniform', rateHz: 1000 } as const;
  const parts = {
    quantity: 'joules',
    samples: Float64Array.from(samples),
    clock,
    gaps: [],
    edges,
    warnings: [],
  } as const;
  return energyTrace({ source: 'lpm01a', ...parts });
}

test('made-up runs give the median of their windows', (t) => {
  const powers = fc.array(fc.double({ min: 1e-3, max: 0.2, noNaN: true }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(
      powers,
      fc.integer({ min: 100, max: 3000 }),
      fc.integer({ min: 20, max: 900 }),
      (watts, windowMs, pauseMs) => {
        const measured = measureEnergy(madeUpRun(watts, windowMs, pauseMs, false), { inferences: 7 });
        const middle = [...watts].sort((a, b) => a - b)[2]!;
        const expected = (middle * windowMs * 1e3) / 7;
        t.true(Math.abs(measured.medianUj! / expected - 1) < 1e-9);
        t.deepEqual([measured.lostEdges, measured.warnings], [0, []]);
      },
    ),
    { numRuns: 60 },
  );
});

test('with event numbers a lost edge costs its own window only, and its number is named', (t) => {
  const run = madeUpRun([0.01, 0.02, 0.03, 0.04, 0.05], 400, 100, true);
  for (let lost = 0; lost <= 10; lost++) {
    const edges = run.edges.filter((edge) => edge.number !== lost);
    const measured = measureEnergy({ ...run, edges }, { inferences: 1, firstNumber: 0 });
    t.is(measured.lostEdges, 1, `edge ${lost}`);
    t.is(measured.windows.length, lost === 0 ? 5 : 4);
    if (lost < 10) t.regex(measured.warnings.join(), new RegExp(`event ${lost}\\b`));
    t.is(measured.alternative, null);
    for (const window of measured.windows) t.true(Math.abs(window.durationS - 0.4) < 1e-9);
  }
});

test('different counts per window are not assigned once a window is missing', (t) => {
  const run = madeUpRun([0.01, 0.02, 0.03, 0.04, 0.05], 400, 100, false);
  const edges = run.edges.slice(0, -1);
  const measured = measureEnergy({ ...run, edges }, { inferences: [1, 2, 3, 4, 5] });
  t.is(measured.medianUj, null);
  t.regex(measured.warnings.join(), /none can be assigned/);
});

test('windows by time stamps, and wrong counts', (t) => {
  const run = madeUpRun([0.01, 0.02, 0.03, 0.04, 0.05], 400, 100, false);
  const windowsS = [
    { startS: 0.1, endS: 0.5 },
    { startS: 99, endS: 100 },
  ];
  const measured = measureEnergy(run, { inferences: 1, windowsS });
  t.is(measured.windows.length, 1);
  t.true(Math.abs(measured.medianUj! - 4000) < 1e-6);
  t.regex(measured.warnings.join(), /window 2 .* does not lie inside the trace/);
  for (const inferences of [0, -1, 1.5, Number.NaN, [], [1, 2]]) {
    t.throws(() => measureEnergy(run, { inferences }), { instanceOf: ReflowError });
  }
});

test('a window that lost samples is shown, not counted', (t) => {
  const run = madeUpRun([0.01, 0.02, 0.03, 0.04, 0.05], 400, 100, false);
  const samples = run.samples.filter((_, i) => i !== 300);
  const measured = measureEnergy(
    { ...run, samples, gaps: [{ beforeSample: 300, lostSamples: 1 }] },
    { inferences: 1 },
  );
  t.deepEqual(
    measured.windows.map((window) => window.counted),
    [false, true, true, true, true],
  );
  t.true(Math.abs(measured.medianUj! - 0.035 * 0.4 * 1e6) < 1e-6);
  t.is(measured.windows[0]!.lostSamples, 1);
});

test('any edges whatever: no crash, no NaN, every missing edge counted', (t) => {
  const edge = fc.record({
    timeS: fc.double({ min: -5, max: 50, noNaN: true }),
    number: fc.option(fc.nat(20), { nil: undefined }),
  });
  const run = madeUpRun([0.01, 0.02, 0.03, 0.04, 0.05], 400, 100, false);
  fc.assert(
    fc.property(
      fc.array(edge, { maxLength: 14 }),
      fc.nat(2),
      fc.integer({ min: 1, max: 6 }),
      (edges, leadingEdges, expectedWindows) => {
        const pairing = pairEdges(edges, { leadingEdges, expectedWindows });
        t.true(pairing.lostEdges >= leadingEdges + 2 * expectedWindows - edges.length);
        const measured = measureEnergy({ ...run, edges }, { inferences: 3, leadingEdges, expectedWindows });
        t.true(measured.medianUj === null || Number.isFinite(measured.medianUj));
        for (const window of measured.windows) t.true(Number.isFinite(window.ujPerInference));
        if (measured.windows.length < expectedWindows) t.true(measured.warnings.length > 0);
      },
    ),
    { numRuns: 300 },
  );
});
