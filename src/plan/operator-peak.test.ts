import test from 'ava';
import type { OrderProblem } from './allocation.js';
import { operatorPeak, topologicalOrder } from './operator-peak.js';

/** x(10) feeds a(4) and b(6), both feed c(3); b may overwrite x. */
const diamond: OrderProblem = {
  tensors: [{ bytes: 10 }, { bytes: 4 }, { bytes: 6 }, { bytes: 3, keep: true }],
  ops: [
    { inputs: [0], outputs: [1], scratchBytes: 1 },
    { inputs: [0], outputs: [2], inPlace: [[0, 2]] },
    { inputs: [1, 2], outputs: [3] },
  ],
};

test('the peak counts scratch, in-place only at the last use, and what is kept', (t) => {
  // a: 10 + 4 + 1; b over x: 10 + 4 + 6 - 6; c: 4 + 6 + 3.
  t.is(operatorPeak(diamond, [0, 1, 2]), 15);
  // b cannot overwrite x, which a still needs: 10 + 6; then a: 10 + 6 + 4 + 1.
  t.is(operatorPeak(diamond, [1, 0, 2]), 21);
});

test('an order that is none has no peak', (t) => {
  t.is(operatorPeak(diamond, [0, 1]), null);
  t.is(operatorPeak(diamond, [0, 0, 1, 2]), null);
  t.is(operatorPeak(diamond, [2, 0, 1]), null);
  t.is(operatorPeak(diamond, [0, 1, 3]), null);
});

test('tensors that nobody takes die at once, inputs without use are never there', (t) => {
  const tensors = [{ bytes: 100 }, { bytes: 5 }, { bytes: 7 }];
  const ops = [
    { inputs: [], outputs: [1] },
    { inputs: [], outputs: [2] },
  ];
  t.is(operatorPeak({ tensors, ops }, [0, 1]), 7);
});

test('a topological order exists exactly without a circle', (t) => {
  t.deepEqual(topologicalOrder({ tensors: diamond.tensors, ops: [...diamond.ops].reverse() }), [1, 2, 0]);
  const circle = {
    tensors: [{ bytes: 1 }, { bytes: 1 }],
    ops: [
      { inputs: [0], outputs: [1] },
      { inputs: [1], outputs: [0] },
    ],
  };
  t.is(topologicalOrder(circle), null);
});
