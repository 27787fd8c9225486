import test from 'ava';
import type { Graph, Op } from '../src/ir/graph.js';
import type { Tensor } from '../src/ir/tensor.js';
import { foldScoreScale } from '../src/passes/fold-score-scale.js';

function scored(
  kind: 'mul' | 'div',
  value: number,
  dtype: Tensor['dtype'],
  extra: readonly number[] = [],
): Graph {
  const tensor = (id: number, shape: readonly number[], data: Uint8Array | null): Tensor => {
    const quant = dtype === 'int8' ? { scales: [0.1], zeroPoints: [0], axis: null } : null;
    return { id, name: `t${id}`, dtype, shape, quant, data };
  };
  const constant = dtype === 'int8' ? Int8Array.of(value) : Float32Array.of(value);
  const op = (id: number, name: string, inputs: number[], output: number, attrs: Op['attrs']): Op => {
    return { id, kind: name, label: name.toUpperCase(), inputs, outputs: [output], attrs };
  };
  return {
    name: 'scores',
    tensors: [
      tensor(0, [1, 2, 3, 3], null),
      tensor(1, [1], new Uint8Array(constant.buffer)),
      tensor(2, [1, 2, 3, 3], null),
      tensor(3, [1, 2, 3, 3], null),
    ],
    ops: [op(0, kind, [0, 1], 2, { activation: 'none' }), op(1, 'softmax', [2], 3, { beta: 0.5 })],
    inputs: [0],
    outputs: [3, ...extra],
  };
}

test('a constant factor becomes the softmax’s', (t) => {
  for (const [kind, value, beta] of [
    ['mul', 0.25, 0.125],
    ['div', 8, 0.0625],
  ] as const) {
    const { ops } = foldScoreScale(scored(kind, value, 'float32'));
    t.deepEqual(
      ops.map(({ kind, inputs, attrs }) => ({ kind, inputs, attrs })),
      [{ kind: 'softmax', inputs: [0], attrs: { beta } }],
    );
  }
});

test('integers, negative factors and scaled scores that are used elsewhere stay', (t) => {
  for (const graph of [
    scored('mul', 4, 'int8'),
    scored('mul', -1, 'float32'),
    scored('mul', 2, 'float32', [2]),
  ])
    t.deepEqual(foldScoreScale(graph).ops, graph.ops);
});
