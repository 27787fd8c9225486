import test from 'ava';
import fc from 'fast-check';
import { relativeHalfWidth } from './tight-enough.js';

test('equal values are exact, few different ones tell nothing', (t) => {
  t.is(relativeHalfWidth([5]), 0);
  t.is(relativeHalfWidth([7, 7, 7]), 0);
  t.is(relativeHalfWidth([]), Number.POSITIVE_INFINITY);
  t.is(relativeHalfWidth([1, 2, 3, 4, 5]), Number.POSITIVE_INFINITY);
});

test('ranks of the published table: of 6 values 1 and 6, of 10 values 2 and 9, of 20 values 6 and 15', (t) => {
  // Values whose difference to the median shows their rank.
  const width = (count: number) =>
    relativeHalfWidth(Array.from({ length: count }, (_, i) => 1000 + i)) *
    2 *
    (1000 + Math.floor((count - 1) / 2));
  t.is(Math.round(width(6)), 5);
  t.is(Math.round(width(10)), 7);
  t.is(Math.round(width(20)), 9);
});

test('one wild value among many does not move it; the order of values does not matter', (t) => {
  const calm = Array.from({ length: 40 }, (_, i) => 100 + (i % 5));
  t.true(Math.abs(relativeHalfWidth([...calm, 1e9]) - relativeHalfWidth(calm)) < 0.02);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 60 }), (values) => {
      const width = relativeHalfWidth(values);
      return width >= 0 && width === relativeHalfWidth([...values].reverse());
    }),
  );
});

test('covers the true median in at least 95 % of repetitions', (t) => {
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  // A skewed distribution on 1..2 whose median is known: 1 + u^3, median 1.125.
  let inside = 0;
  for (let k = 0; k < 2000; k++) {
    const values = Array.from({ length: 15 }, () => 1 + random() ** 3).sort((a, b) => a - b);
    // Ranks 4 and 12 of 15 are the published ones.
    if (values[3]! <= 1.125 && values[11]! >= 1.125) inside++;
    const median = values[7]!;
    t.true(Math.abs(relativeHalfWidth(values) - (values[11]! - values[3]!) / 2 / median) < 1e-12);
  }
  t.true(inside > 1900);
});
