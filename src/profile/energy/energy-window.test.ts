import test from 'ava';
import fc from 'fast-check';
import { type EnergyTrace, energyTrace, type Gap } from './energy-trace.js';
import { cutWindow } from './energy-window.js';
import { SampleBuffer } from './sample-buffer.js';

const trace = (parts: Partial<EnergyTrace> & Pick<EnergyTrace, 'samples' | 'clock'>) =>
  energyTrace({ source: 'power-csv', quantity: 'watts', gaps: [], edges: [], warnings: [], ...parts });

test('stamped powers are integrated exactly where they are piecewise linear', (t) => {
  // p(t) = 2 + 3 t on 0..4, at uneven times
  const timesS = Float64Array.from([0, 0.5, 0.7, 2, 3.25, 4]);
  const line = trace({ samples: timesS.map((x) => 2 + 3 * x), clock: { kind: 'stamped', timesS } });
  const within = fc.double({ min: 0, max: 4, noNaN: true });
  fc.assert(
    fc.property(within, within, (a, b) => {
      const window = cutWindow(line, a, b);
      if (!(b > a)) return t.is(window, null);
      const joules = 2 * (b - a) + 1.5 * (b * b - a * a);
      t.true(Math.abs(window!.energyUj - joules * 1e6) < 1e-3);
    }),
  );
  t.is(cutWindow(line, -0.1, 1), null);
  t.is(cutWindow(line, 1, 4.1), null);
});

test('windows add up: a..b and b..c are a..c, gaps included in time but not in energy', (t) => {
  const slots = fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true })), {
    minLength: 3,
    maxLength: 60,
  });
  fc.assert(
    fc.property(slots, fc.nat(60), fc.nat(60), fc.nat(60), (values, x, y, z) => {
      const buffer = new SampleBuffer();
      for (const value of values) buffer.push(value ?? Number.NaN);
      const made = trace({
        samples: buffer.toArray(),
        gaps: buffer.gaps,
        clock: { kind: 'uniform', rateHz: 10 },
      });
      const [a, b, c] = [x, y, z].map((n) => n % (values.length + 1)).sort((p, q) => p - q) as [
        number,
        number,
        number,
      ];
      const sum = (from: number, to: number) =>
        values.slice(from, to).reduce<number>((s, v) => s + (v ?? 0), 0) / 10;
      for (const [from, to] of [
        [a, b],
        [b, c],
        [a, c],
      ] as const) {
        const window = cutWindow(made, from / 10, to / 10);
        if (from === to) t.is(window, null);
        else {
          t.true(Math.abs(window!.energyUj - sum(from, to) * 1e6) < 1e-6);
          t.true(window!.lostSamples >= values.slice(from, to).filter((value) => value === null).length);
          t.is(window!.samples, values.slice(from, to).filter((value) => value !== null).length);
        }
      }
    }),
  );
});

test('stamped joules are shared out by overlap', (t) => {
  const timesS = Float64Array.from([0, 1, 3]);
  const made = trace({
    quantity: 'joules',
    samples: Float64Array.from([0, 2, 8]),
    clock: { kind: 'stamped', timesS },
  });
  t.is(cutWindow(made, 0, 3)!.energyUj, 10e6);
  t.is(cutWindow(made, 0.5, 2)!.energyUj, 5e6);
});

test('a decoder that breaks its promises is caught', (t) => {
  const clock = { kind: 'uniform', rateHz: 1 } as const;
  const samples = Float64Array.from([1, 2]);
  const gap = (beforeSample: number, lostSamples: number): Gap[] => [{ beforeSample, lostSamples }];
  for (const parts of [
    { samples: Float64Array.from([1, Number.NaN]), clock },
    { samples, clock: { kind: 'uniform', rateHz: 0 } as const },
    { samples, clock: { kind: 'stamped', timesS: Float64Array.from([1, 1]) } as const },
    { samples, clock: { kind: 'stamped', timesS: Float64Array.from([1]) } as const },
    { samples, clock, gaps: gap(3, 1) },
    { samples, clock, gaps: gap(1, 0) },
    { samples, clock, edges: [{ timeS: Number.NaN }] },
  ]) {
    t.throws(() => trace(parts), { message: /decoder/ });
  }
});
