import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { assetPath } from './assets.js';
import { decodeFrame, encodeFrame, FrameReader, type Message } from './wire.js';

interface Vectors {
  readonly crc32: readonly { readonly bytes: string; readonly crc: string }[];
  readonly good: readonly { readonly name: string; readonly message: string; readonly frame: string }[];
  readonly bad: readonly { readonly name: string; readonly frame: string }[];
}

const path = assetPath('runtime-c', 'test', 'wire-vectors.json');
const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vectors;
const fromHex = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

function messageOf(hex: string): Message {
  const bytes = Buffer.from(hex, 'hex');
  const [version = 0, type = 0] = bytes;
  return { version, type, sequence: bytes.readUInt16LE(2), body: new Uint8Array(bytes.subarray(4)) };
}

test('the CRC is the one of the vectors', (t) => {
  for (const { bytes, crc } of vectors.crc32) t.is(crc32(fromHex(bytes)), Number.parseInt(crc, 16));
});

for (const { name, message, frame } of vectors.good) {
  test(`vector: ${name}`, (t) => {
    t.is(Buffer.from(encodeFrame(messageOf(message))).toString('hex'), frame);
    t.deepEqual(new FrameReader().push(fromHex(frame)), [messageOf(message)]);
  });
}

for (const { name, frame } of vectors.bad) {
  test(`vector: ${name}`, (t) => {
    const found = new FrameReader().push(fromHex(frame));
    t.true(found.length > 0);
    for (const message of found) t.is(message, null);
  });
}

const anyMessage = fc.record({
  version: fc.integer({ min: 0, max: 255 }),
  type: fc.integer({ min: 0, max: 255 }),
  sequence: fc.integer({ min: 0, max: 65535 }),
  body: fc.uint8Array({ maxLength: 1100 }),
});

test('any messages come back through any cuts of the stream', (t) => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 4 }), fc.integer({ min: 1, max: 300 }), (messages, cut) => {
      const stream = Buffer.concat(messages.map(encodeFrame));
      const reader = new FrameReader();
      const found: (Message | null)[] = [];
      for (let at = 0; at < stream.length; at += cut)
        found.push(...reader.push(stream.subarray(at, at + cut)));
      t.deepEqual(found, messages);
    }),
  );
});

test('a frame with one byte changed is never a message', (t) => {
  fc.assert(
    fc.property(anyMessage, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, where, flip) => {
      const frame = encodeFrame(message);
      const at = 1 + (where % (frame.length - 2));
      frame[at] = (frame[at] ?? 0) ^ flip;
      for (const found of new FrameReader().push(frame)) t.is(found, null);
    }),
  );
});

test('random bytes never throw, and what is held stays bounded', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      new FrameReader().push(bytes);
      decodeFrame(bytes);
    }),
  );
  const reader = new FrameReader();
  for (let i = 0; i < 2000; i++) reader.push(new Uint8Array(1000).fill(7));
  t.deepEqual(reader.push(Uint8Array.of(0)), [null]);
});
