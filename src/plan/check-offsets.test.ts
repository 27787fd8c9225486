import test from 'ava';
import type { AllocationProblem } from './allocation.js';
import { checkOffsets } from './check-offsets.js';

const problem: AllocationProblem = {
  buffers: [
    { lower: 0, upper: 2, size: 10 },
    { lower: 1, upper: 3, size: 4, alignment: 4 },
    { lower: 2, upper: 4, size: 8, fixedOffset: 0 },
  ],
  pairs: [{ above: 0, below: 1, delta: 2 }],
};

function kinds(offsets: number[], height: number, of: AllocationProblem = problem): string[] {
  return checkOffsets(of, offsets, height).map((v) => v.kind);
}

test('a valid layout has no violation', (t) => {
  t.deepEqual(kinds([0, 12, 0], 16), []);
});

test('each rule is named when it is broken', (t) => {
  t.deepEqual(kinds([0, 12], 16), ['count']);
  t.deepEqual(kinds([0, 12, 0], 17), ['height']);
  t.deepEqual(kinds([0, 11, 0], 15), ['alignment']);
  t.deepEqual(kinds([0, 12, 20], 28), ['fixed']);
  t.deepEqual(kinds([-2, 8, 0], 12), ['offset']);
  t.deepEqual(kinds([0.5, 12, 0], 16), ['offset']);
  t.deepEqual(kinds([Number.NaN, 12, 0], 16), ['offset', 'height', 'overlap']);
});

test('an overlap names both buffers and the bytes', (t) => {
  const [violation] = checkOffsets(problem, [0, 4, 0], 10);
  t.like(violation, { kind: 'overlap', buffers: [0, 1], message: 'buffers 0 and 1 overlap in bytes 4 to 7' });
});

test('buffers that touch in time or space do not overlap', (t) => {
  const buffers = [
    { lower: 0, upper: 1, size: 4 },
    { lower: 1, upper: 2, size: 4 },
    { lower: 0, upper: 2, size: 4 },
  ];
  t.deepEqual(kinds([0, 0, 4], 8, { buffers }), []);
});

test('a pair relation allows an overlap from its shift on, in its direction only', (t) => {
  const free = { buffers: problem.buffers.slice(0, 2), pairs: problem.pairs ?? [] };
  t.deepEqual(kinds([6, 4, 0].slice(0, 2), 16, free), []);
  t.deepEqual(kinds([5, 4], 15, free), ['overlap']);
  t.deepEqual(kinds([2, 4], 12, free), ['overlap']);
  t.deepEqual(kinds([6, 4], 16, { buffers: free.buffers }), ['overlap']);
});
