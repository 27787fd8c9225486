import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../base/error.js';
import * as an3155 from './an3155.js';
import { eraseRequest, eraseTailBytes } from './erase-request.js';

test('frames are those of AN3155', (t) => {
  t.deepEqual([...an3155.commandFrame(0x31)], [0x31, 0xce]);
  t.deepEqual([...an3155.addressFrame(0x08012300)], [0x08, 0x01, 0x23, 0x00, 0x2a]);
  t.deepEqual([...an3155.addressFrame(0xffff0000)], [0xff, 0xff, 0, 0, 0]);
  t.deepEqual([...an3155.readLengthFrame(256)], [0xff, 0x00]);
  t.deepEqual([...an3155.writeDataFrame(Uint8Array.of(1, 2, 4, 8))], [3, 1, 2, 4, 8, 3 ^ 15]);
  t.deepEqual([...an3155.eraseFrame([0, 5])], [1, 0, 5, 4]);
  t.deepEqual([...an3155.extendedEraseFrame([0x102])], [0, 0, 1, 2, 3]);
});

test('frames that no device takes are refused here', (t) => {
  for (const make of [
    () => an3155.writeDataFrame(new Uint8Array(0)),
    () => an3155.writeDataFrame(new Uint8Array(257)),
    () => an3155.readLengthFrame(0),
    () => an3155.eraseFrame([256]),
    () => an3155.extendedEraseFrame([]),
  ]) {
    t.throws(make, { instanceOf: ReflowError, code: 'E_PROTOCOL' });
  }
});

test('every frame but a command ends with the XOR of the rest', (t) => {
  const data = fc.uint8Array({ minLength: 1, maxLength: 256 });
  fc.assert(fc.property(data, (bytes) => an3155.xorOf(an3155.writeDataFrame(bytes)) === 0));
  fc.assert(fc.property(fc.nat(0xffffffff), (address) => an3155.xorOf(an3155.addressFrame(address)) === 0));
  const pages = fc.array(fc.nat(0x1ff), { minLength: 1, maxLength: 40 });
  fc.assert(fc.property(pages, (list) => an3155.xorOf(an3155.extendedEraseFrame(list)) === 0));
  t.pass();
});

test('Get is parsed whatever the number of commands, with or without protection commands', (t) => {
  const full = Uint8Array.of(0x31, 0, 1, 2, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73, 0x82, 0x92);
  t.is(an3155.parseGet(full).version, 0x31);
  t.is(an3155.parseGet(full).commands.length, 11);
  const short = Uint8Array.of(0x40, 0, 1, 2, 0x11, 0x21, 0x31, 0x44, 0xa1);
  t.true(an3155.parseGet(short).commands.includes(an3155.commandCodes.getChecksum));
  t.is(an3155.parseGetId(Uint8Array.of(0x04, 0x70)), 0x470);
});

test('any bytes in place of a reply are parsed or refused with E_PROTOCOL', (t) => {
  const parsers = [an3155.parseGet, an3155.parseGetId];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const parse of parsers) {
        try {
          parse(bytes);
        } catch (error) {
          if (!(error instanceof ReflowError) || error.code !== 'E_PROTOCOL') throw error;
        }
      }
    }),
    { numRuns: 2000 },
  );
  t.throws(() => an3155.parseGet(Uint8Array.of(0x79, 0x1f)), { code: 'E_PROTOCOL' });
});

test('the device reads the erase frames that the client makes, and the special ones', (t) => {
  const read = (frame: Uint8Array, extended: boolean) => {
    const count = extended ? (frame[0]! << 8) | frame[1]! : frame[0]!;
    const tail = [...frame.subarray(extended ? 2 : 1)];
    t.is(tail.length, eraseTailBytes(count, extended));
    return eraseRequest(count, tail, extended, 12);
  };
  t.deepEqual(read(an3155.eraseFrame([3, 11]), false), [3, 11]);
  t.deepEqual(read(an3155.extendedEraseFrame([3, 11]), true), [3, 11]);
  t.is(read(an3155.extendedEraseFrame([12]), true), null);
  t.is(read(Uint8Array.of(0xff, 0x00), false)?.length, 12);
  t.is(read(Uint8Array.of(0xff, 0xff, 0x00), true)?.length, 12);
  t.deepEqual(read(Uint8Array.of(0xff, 0xfe, 0x01), true), [0, 1, 2, 3, 4, 5]);
  t.deepEqual(read(Uint8Array.of(0xff, 0xfd, 0x02), true), [6, 7, 8, 9, 10, 11]);
  t.is(read(Uint8Array.of(0xff, 0xf3, 0x0c), true), null);
  t.is(read(Uint8Array.of(0xff, 0xff, 0x01), true), null);
});
