/** Sums at the edge of 32 bits: the last that fits runs, the first that does not is refused. */
import test from 'ava';
import type { Graph } from '../ir/graph.js';
import type { Tensor } from '../ir/tensor.js';
import { defOf } from './index.js';
import { viewOp } from './op-def.js';

/** FULLY_CONNECTED of four inputs at the zero point -128 with one output whose weights are all -127. */
function view(bias: number) {
  const quant = (zeroPoint: number) => ({ scales: [0.1], zeroPoints: [zeroPoint], axis: null });
  const bytes = (values: Int8Array | Int32Array) => new Uint8Array(values.buffer);
  const tensors: Tensor[] = [
    { id: 0, name: 'in', dtype: 'int8', shape: [1, 4], quant: quant(-128), data: null },
    {
      id: 1,
      name: 'w',
      dtype: 'int8',
      shape: [1, 4],
      quant: quant(0),
      data: bytes(new Int8Array(4).fill(-127)),
    },
    { id: 2, name: 'b', dtype: 'int32', shape: [1], quant: null, data: bytes(Int32Array.of(bias)) },
    { id: 3, name: 'out', dtype: 'int8', shape: [1, 1], quant: quant(0), data: null },
  ];
  const attrs = { activation: 'none', keepDims: false, weightsFormat: 0 };
  const op = {
    id: 0,
    kind: 'fully_connected',
    label: 'FULLY_CONNECTED',
    inputs: [0, 1, 2],
    outputs: [3],
    attrs,
  };
  const graph: Graph = { name: 'edge', tensors, ops: [op], inputs: [0], outputs: [3] };
  return viewOp(graph, op);
}

const largestSum = 4 * 127 * 255;

for (const sign of [1, -1]) {
  test(`a bias of sign ${sign} may reach as far as the sum stays in 32 bits`, (t) => {
    const refusal = (bias: number) => defOf(view(0).op).refuse(view(sign * bias));
    t.is(refusal(2 ** 31 - 1 - largestSum), null);
    t.regex(refusal(2 ** 31 - largestSum)?.reason ?? '', /output channel 0 can leave 32 bits/);
  });
}
