import test from 'ava';
import fc from 'fast-check';
import { LinkError } from './flash-error.js';
import { readLoaderInfo } from './loader-info.js';

const good = Buffer.from('0101000800400008008000000801' + '0400' + '00200000' + '0474657374', 'hex');

test('a description is read', (t) => {
  const info = readLoaderInfo(good);
  t.like(info, {
    hasApplication: true,
    dataBytes: 2048,
    base: 0x08004000,
    bytes: 0x8000,
    wordBytes: 8,
    board: 'test',
  });
  t.deepEqual(
    info.sectors.map(({ address }) => address),
    [0x08004000, 0x08006000, 0x08008000, 0x0800a000],
  );
});

test('every cut of it, another version and contradictions are refused', (t) => {
  for (let length = 0; length < good.length; length++)
    t.throws(() => readLoaderInfo(good.subarray(0, length)), { instanceOf: LinkError });
  for (const [at, value] of [
    [0, 2],
    [3, 0],
    [8, 1],
    [12, 5],
    [14, 3],
    [17, 0],
  ] as const) {
    const changed = Buffer.from(good);
    changed[at] = value;
    t.throws(() => readLoaderInfo(changed), { instanceOf: LinkError }, `${at}`);
  }
});

test('whatever bytes come, they are a description or a LinkError', (t) => {
  const mutated = fc
    .tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }))
    .map(([at, value]) => Buffer.from(good).fill(value, at, at + 1));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (body) => {
      try {
        const { sectors, base, bytes } = readLoaderInfo(body);
        t.is(
          sectors.reduce((at, sector) => at + sector.bytes, base),
          base + bytes,
        );
      } catch (error) {
        t.true(error instanceof LinkError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
