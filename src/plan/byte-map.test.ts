import test from 'ava';
import fc from 'fast-check';
import { ByteMap } from './byte-map.js';

const size = 40;
const stretch = fc
  .tuple(fc.nat(size), fc.nat(size), fc.nat(3), fc.nat(5))
  .map(([a, b, owner, from]) => ({ begin: Math.min(a, b), end: Math.max(a, b), owner, from }));

test('it answers as an array of bytes would', (t) => {
  fc.assert(
    fc.property(
      fc.array(stretch, { maxLength: 30 }),
      fc.array(stretch, { maxLength: 10 }),
      (writes, reads) => {
        const map = new ByteMap();
        const plain: (string | undefined)[] = Array(size).fill(undefined);
        const held = (owner: number, position: number) => `${owner}:${position}`;
        for (const { begin, end, owner, from } of writes) {
          map.write(begin, end, owner, from);
          for (let at = begin; at < end; at++) plain[at] = held(owner, from + at - begin);
        }
        for (const { begin, end, owner, from } of [...writes, ...reads]) {
          let expected: number | null = null;
          for (let at = end - 1; at >= begin; at--)
            if (plain[at] !== held(owner, from + at - begin)) expected = at;
          if (map.firstOther(begin, end, owner, from) !== expected) return false;
        }
        return true;
      },
    ),
    { numRuns: 500 },
  );
  t.pass();
});
