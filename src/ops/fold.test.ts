import test from 'ava';
import fc from 'fast-check';
import type { Attrs } from '../ir/graph.js';
import { elementCount, type Tensor, typedArray } from '../ir/tensor.js';
import { add, sub } from './add.js';
import { cast } from './cast.js';
import { maximum, minimum } from './extremum.js';
import { mul } from './mul.js';
import { type OpDef, type OpView, viewOp } from './op-def.js';

const compute: readonly [OpDef, (a: bigint, b: bigint) => bigint][] = [
  [add, (a, b) => a + b],
  [sub, (a, b) => a - b],
  [mul, (a, b) => a * b],
  [maximum, (a, b) => (a - b > 0n ? a : b)],
  [minimum, (a, b) => (a - b > 0n ? b : a)],
];

const plainAttrs = { activation: 'none' } as const;

type Plain = 'int32' | 'int64';

function constant(dtype: Plain, shape: readonly number[], values: readonly bigint[]): Omit<Tensor, 'id'> {
  const array = dtype === 'int64' ? BigInt64Array.from(values) : Int32Array.from(values, Number);
  return { name: 'c', dtype, shape, quant: null, data: new Uint8Array(array.buffer) };
}

function result(dtype: Plain, shape: readonly number[]): Omit<Tensor, 'id'> {
  return { name: 'out', dtype, shape, quant: null, data: null };
}

/** An operator that reads the first tensors and writes the last one. */
function oneOp<A extends Attrs>(
  inputs: Omit<Tensor, 'id'>[],
  outputs: Omit<Tensor, 'id'>[],
  attrs: A,
): OpView<A> {
  const tensors = [...inputs, ...outputs].map((tensor, id) => ({ ...tensor, id }));
  const op = {
    id: 0,
    kind: 'any',
    label: 'ANY',
    inputs: inputs.map((_, index) => index),
    outputs: outputs.map((_, index) => inputs.length + index),
    attrs,
  };
  return viewOp({ name: 'g', tensors, ops: [op], inputs: [], outputs: op.outputs }, op);
}

const wrap = { int32: (x: bigint) => BigInt.asIntN(32, x), int64: (x: bigint) => BigInt.asIntN(64, x) };

test('equal shapes: element by element, wrapping as C does', (t) => {
  const values = {
    int32: fc.bigInt(-(2n ** 31n), 2n ** 31n - 1n),
    int64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  };
  for (const dtype of ['int32', 'int64'] as const) {
    const pairs = fc.array(fc.tuple(values[dtype], values[dtype]), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(pairs, fc.constantFrom(...compute), (elements, [def, expected]) => {
        const shape = [elements.length];
        const [a, b] = [elements.map(([x]) => x), elements.map(([, y]) => y)];
        const view = oneOp([constant(dtype, shape, a), constant(dtype, shape, b)], [result(dtype, shape)], {
          activation: 'none',
        });
        const folded = Array.from(typedArray(dtype, def.fold!(view)![0]!), BigInt);
        t.deepEqual(
          folded,
          elements.map(([x, y]) => wrap[dtype](expected(x, y))),
        );
      }),
    );
  }
});

test('broadcast: every element is what the single elements give', (t) => {
  const axis = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.boolean());
  fc.assert(
    fc.property(fc.array(axis, { maxLength: 4 }), (axes) => {
      const shape = axes.map(([n]) => n);
      const [shapeA, shapeB] = [
        axes.map(([n, one]) => (one ? 1 : n)),
        axes.map(([n, , one]) => (one ? 1 : n)),
      ];
      const outShape = shape.map((_, index) => Math.max(shapeA[index]!, shapeB[index]!));
      const numbers = (count: number, scale: bigint) =>
        Array.from({ length: count }, (_, i) => BigInt(i) * scale);
      const view = oneOp(
        [
          constant('int32', shapeA, numbers(elementCount(shapeA), 1n)),
          constant('int32', shapeB, numbers(elementCount(shapeB), 1000n)),
        ],
        [result('int32', outShape)],
        plainAttrs,
      );
      const folded = Array.from(typedArray('int32', add.fold!(view)![0]!), Number);
      // Row-major positions, counted by hand in the other direction: from the coordinates to the index.
      const expected = everyPosition(outShape).map((at) => indexIn(shapeA, at) + 1000 * indexIn(shapeB, at));
      t.deepEqual(folded, expected);
    }),
  );
});

function everyPosition(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (positions, dim) => positions.flatMap((at) => Array.from({ length: dim }, (_, i) => [...at, i])),
    [[]],
  );
}

function indexIn(shape: readonly number[], at: readonly number[]): number {
  return shape.reduce((index, dim, axis) => index * dim + (dim === 1 ? 0 : at[axis]!), 0);
}

test('a fused activation clamps', (t) => {
  const view = oneOp(
    [constant('int32', [3], [-5n, 3n, 90n]), constant('int32', [], [1n])],
    [result('int32', [3])],
    { activation: 'relu6' } as const,
  );
  t.deepEqual(Array.from(typedArray('int32', add.fold!(view)![0]!), Number), [0, 4, 6]);
});

test('nothing is folded that is not constant, not plain or not small', (t) => {
  const one = constant('int32', [1], [1n]);
  t.is(add.fold!(oneOp([one, { ...one, data: null }], [result('int32', [1])], plainAttrs)), null);
  t.is(add.fold!(oneOp([one, one], [result('int64', [1])], plainAttrs)), null);
  const float = { ...one, dtype: 'float32' as const };
  t.is(add.fold!(oneOp([float, float], [{ ...float, data: null }], plainAttrs)), null);
  const long = constant('int32', [5000], Array<bigint>(5000).fill(1n));
  t.is(add.fold!(oneOp([long, one], [result('int32', [5000])], plainAttrs)), null);
});

test('a cast between plain integers wraps', (t) => {
  const view = oneOp([constant('int64', [2], [2n ** 32n + 7n, -3n])], [result('int32', [2])], {});
  t.deepEqual(Array.from(typedArray('int32', cast.fold!(view)![0]!), Number), [7, -3]);
});
