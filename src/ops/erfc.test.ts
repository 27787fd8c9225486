import test from 'ava';
import { erfc } from './erfc.js';

// Abramowitz and Stegun, Handbook of Mathematical Functions, table 7.1 (erf) and table 7.3 (x exp(x^2) erfc(x)).
test('tabulated values of erf', (t) => {
  const table: readonly [x: number, erf: number][] = [
    [0, 0],
    [0.1, 0.112462916],
    [0.5, 0.5204998778],
    [1, 0.8427007929],
    [1.5, 0.9661051465],
    [1.9, 0.9927904292],
    [2, 0.995322265],
  ];
  for (const [x, erf] of table) {
    t.true(Math.abs(1 - erfc(x) - erf) < 1e-9, `erf(${x}) is ${1 - erfc(x)}`);
    t.true(Math.abs(erfc(-x) - 1 - erf) < 1e-9, `erfc(-${x})`);
  }
});

test('both methods agree where they meet, and the tail follows its asymptote', (t) => {
  t.true(Math.abs(erfc(2 - 1e-12) / erfc(2) - 1) < 1e-10);
  for (const x of [5, 8, 12]) {
    const asymptote = Math.exp(-x * x) / (x * Math.sqrt(Math.PI));
    const terms = 1 - 1 / (2 * x * x) + 3 / (4 * x ** 4) - 15 / (8 * x ** 6);
    t.true(Math.abs(erfc(x) / (asymptote * terms) - 1) < 105 / (16 * x ** 8) + 1e-12, `erfc(${x})`);
  }
});
