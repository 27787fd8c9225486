import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../base/error.js';
import type { Graph } from '../ir/graph.js';
import { importRfq, isRfq, writeRfq } from './rfq.js';

const plain = { name: 'x', dtype: 'int8', shape: [1, 3], data: null } as const;
const quant = { scales: [Math.fround(0.1)], zeroPoints: [-3], axis: null };
const graph: Graph = {
  name: 'net',
  tensors: [
    { ...plain, id: 0, quant },
    {
      ...plain,
      id: 1,
      shape: [2, 3],
      quant: { scales: [0.5, 0.25], zeroPoints: [0, 0], axis: 0 },
      data: Uint8Array.of(1, 2, 3, 253, 254, 255),
    },
    { ...plain, id: 2, shape: [1, 2], quant },
  ],
  ops: [
    {
      id: 4,
      kind: 'fully_connected',
      label: 'Gemm',
      inputs: [0, 1, null],
      outputs: [2],
      attrs: { activation: 'relu', keepDims: true, list: [1, 2], one: 1.5 },
    },
  ],
  inputs: [0],
  outputs: [2],
};
const bytes = writeRfq(graph);

test('a graph comes back as it was written', (t) => {
  t.true(isRfq(bytes));
  t.deepEqual(importRfq(bytes, 'net'), graph);
});

test('every cut and every flipped bit is one line with a code', (t) => {
  const refuses = (damaged: Uint8Array) => {
    const error = t.throws(() => importRfq(damaged, 'net'), { instanceOf: ReflowError });
    t.is(error.code, 'E_MODEL_FORMAT');
  };
  for (let length = 0; length < bytes.length; length++) refuses(bytes.subarray(0, length));
  for (let at = 0; at < bytes.length; at++) refuses(bytes.with(at, bytes[at]! ^ (1 << (at & 7))));
});

test('another version is named', (t) => {
  const other = bytes.with(4, 2);
  t.throws(() => importRfq(other, 'net'), { message: /has version 2; this reflow reads 1/ });
});

test('bytes with a right checksum and hostile contents end in a graph or in E_MODEL_FORMAT', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 17), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (edits) => {
        const made = bytes.slice();
        for (const [at, value] of edits) made[16 + at] = value;
        try {
          importRfq(resealed(made), 'net');
        } catch (error) {
          t.true(error instanceof ReflowError && error.code === 'E_MODEL_FORMAT', String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});

/** With the checksum that its contents have, by the definition: one bit at a time. */
function resealed(made: Uint8Array): Uint8Array {
  let crc = 0xffffffff;
  for (const byte of made.subarray(16)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  new DataView(made.buffer).setUint32(12, ~crc >>> 0, true);
  return made;
}
