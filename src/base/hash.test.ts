import test from 'ava';
import { sha256 } from './hash.js';

test('SHA-256 of "abc", FIPS 180-4 example', (t) => {
  const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  t.is(sha256('abc'), expected);
  t.is(sha256('a', Uint8Array.of(0x62), 'c'), expected);
});
