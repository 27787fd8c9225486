import { deflateRawSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../../base/error.js';
import { refusalFor } from './input-tensor.js';
import { readNpz } from './read-npz.js';

/** A ZIP file with one entry of each method. */
function zip(entries: readonly { name: string; data: Buffer; deflate: boolean }[]): Uint8Array {
  const [bodies, heads]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const { name, data, deflate } of entries) {
    const packed = deflate ? deflateRawSync(data) : data;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(deflate ? 8 : 0, 4);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const body = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    heads.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, tail, Buffer.from(name)]));
    bodies.push(body);
    at += body.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...bodies, ...heads, end]));
}

const [x, y] = [Buffer.from('stored bytes'), Buffer.alloc(500, 7)];
const file = zip([
  { name: 'x.npy', data: x, deflate: false },
  { name: 'y.npy', data: y, deflate: true },
]);

test('arrays stored and deflated', (t) => {
  const arrays = readNpz(file, refusalFor('a.npz'));
  t.deepEqual([...arrays.keys()], ['x', 'y']);
  t.deepEqual(Buffer.from(arrays.get('x')!), x);
  t.deepEqual(Buffer.from(arrays.get('y')!), y);
});

test('damaged files end in arrays or in E_INPUT', (t) => {
  const edits = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(edits, fc.nat(file.length), (changes, length) => {
      const damaged = file.slice();
      for (const [at, value] of changes) damaged[at] = value;
      for (const bytes of [damaged, damaged.subarray(0, length)]) {
        try {
          readNpz(bytes, refusalFor('a.npz'));
        } catch (error) {
          t.true(error instanceof ReflowError && error.code === 'E_INPUT', String(error));
        }
      }
    }),
    { numRuns: 300 },
  );
  t.throws(() => readNpz(file.subarray(0, 30), refusalFor('a.npz')), { message: /no valid .npz file/ });
});
