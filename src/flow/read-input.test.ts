import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { ReflowError } from '../base/error.js';
import { decodeInput, type InputTensor, readInput } from './read-input.js';

const int8 = (shape: number[], scale = 1, zeroPoint = 0): InputTensor => ({
  dtype: 'int8',
  shape,
  scale,
  zeroPoint,
});
const float32 = (shape: number[]): InputTensor => ({ dtype: 'float32', shape, scale: null, zeroPoint: null });
const signed = (bytes: Uint8Array) => [...new Int8Array(new Uint8Array(bytes).buffer)];
const floats = (bytes: Uint8Array) => [...new Float32Array(new Uint8Array(bytes).buffer)];

function npy(
  descr: string,
  shape: string,
  data: ArrayBufferLike,
  version = 1,
  fortran = 'False',
): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  const prefix = version === 1 ? 10 : 12;
  const padded = text.padEnd(64 * Math.ceil((prefix + text.length + 1) / 64) - prefix - 1).concat('\n');
  const head = Buffer.alloc(prefix);
  head.write('\x93NUMPY', 'latin1');
  head[6] = version;
  if (version === 1) head.writeUInt16LE(padded.length, 8);
  else head.writeUInt32LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(padded), Buffer.from(data)]);
}

function wav(coding: number, bits: number, data: Buffer, channels = 1): Uint8Array {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(coding, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt16LE(bits, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

/** A picture from RGB triples. */
function png(width: number, height: number, rgb: number[]): Uint8Array {
  const image = new PNG({ width, height });
  for (let i = 0; i < width * height; i += 1) image.data.set([...rgb.slice(3 * i, 3 * i + 3), 255], 4 * i);
  return PNG.sync.write(image);
}

function fails(
  t: { regex(text: string, pattern: RegExp): unknown },
  work: () => unknown,
  pattern: RegExp,
): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ReflowError) || error.code !== 'E_INPUT') throw error;
    t.regex(error.line, pattern);
    return;
  }
  throw new Error('nothing was refused');
}

test('real values are rounded half away from zero, shifted and clamped', (t) => {
  const csv = Buffer.from('0.5; -0.5, 1.5\n-1.5 0.49999 1e9 -1e9 2');
  t.deepEqual(signed(decodeInput('a.csv', csv, int8([8])).bytes), [1, -1, 2, -2, 0, 127, -128, 2]);
  t.deepEqual(signed(decodeInput('a.csv', csv, int8([8], 0.5, 10)).bytes), [11, 9, 13, 7, 11, 127, -128, 14]);
  t.deepEqual(
    [...decodeInput('a.csv', Buffer.from('-1 300'), { ...int8([2]), dtype: 'uint8' }).bytes],
    [0, 255],
  );
  const int64 = decodeInput('a.csv', Buffer.from('-3 1e30'), { ...int8([2]), dtype: 'int64' }).bytes;
  t.deepEqual([...new BigInt64Array(int64.slice().buffer)], [-3n, 2n ** 63n - 1n]);
});

test('.csv refuses words and wrong counts', (t) => {
  fails(t, () => decodeInput('a.csv', Buffer.from('1,x'), int8([2])), /field 2 \(x\) is not a number/);
  fails(
    t,
    () => decodeInput('a.csv', Buffer.from('1,2,3'), int8([2])),
    /3 numbers, the network wants 2 of int8/,
  );
  fails(t, () => decodeInput('a.csv', Buffer.from('1,0x10'), int8([2])), /0x10/);
});

test('.bin is raw by the tensor size and float32 by four bytes an element', (t) => {
  t.deepEqual(signed(decodeInput('a.bin', Uint8Array.of(1, 255), int8([2], 0.1)).bytes), [1, -1]);
  const real = new Uint8Array(Float32Array.of(1, -2).buffer);
  t.deepEqual(signed(decodeInput('a.bin', real, int8([2], 0.5)).bytes), [2, -4]);
  fails(t, () => decodeInput('a.bin', new Uint8Array(3), int8([2])), /3 bytes, .*2 bytes, or 8 as float32/);
});

test('.npy: stored values, real values, byte order, all versions', (t) => {
  const stored = Int8Array.of(1, -2, 3, -4).buffer;
  for (const version of [1, 2, 3]) {
    const file = npy('|i1', '(1, 2, 2)', stored, version);
    t.deepEqual(signed(decodeInput('a.npy', file, int8([2, 2], 7)).bytes), [1, -2, 3, -4]);
  }
  t.deepEqual(
    floats(decodeInput('a.npy', npy('|i1', '(4,)', stored), float32([1, 4])).bytes),
    [1, -2, 3, -4],
  );
  const big = Buffer.alloc(8);
  big.writeFloatBE(0.5, 0);
  big.writeFloatBE(-1, 4);
  t.deepEqual(
    signed(decodeInput('a.npy', npy('>f4', '(2,)', new Uint8Array(big).buffer), int8([2], 0.25)).bytes),
    [2, -4],
  );
  const int16 = { ...int8([2]), dtype: 'int16' as const };
  const swapped = npy('>i2', '(2,)', Uint8Array.of(1, 2, 3, 4).buffer);
  t.deepEqual([...decodeInput('a.npy', swapped, int16).bytes], [2, 1, 4, 3]);
  const double = npy('<f8', '(2,)', Float64Array.of(0.5, 3).buffer);
  t.deepEqual(floats(decodeInput('a.npy', double, float32([2])).bytes), [0.5, 3]);
});

test('.npy: what cannot be right is refused with the reason', (t) => {
  const four = Int8Array.of(1, 2, 3, 4).buffer;
  fails(t, () => decodeInput('a.npy', npy('|i1', '(2, 2)', four, 1, 'True'), int8([2, 2])), /Fortran order/);
  fails(
    t,
    () => decodeInput('a.npy', npy('|i1', '(4, 1)', four), int8([2, 2])),
    /array is 4x1, the network wants 2x2/,
  );
  fails(
    t,
    () => decodeInput('a.npy', npy('|i1', '(2, 2)', four.slice(1)), int8([2, 2])),
    /3 bytes of data where 4/,
  );
  fails(
    t,
    () => decodeInput('a.npy', npy('|u1', '(2, 2)', four), int8([2, 2])),
    /ambiguous for an int8 input/,
  );
  fails(t, () => decodeInput('a.npy', npy('<U4', '(2, 2)', four), int8([2, 2])), /type <U4 is not supported/);
  fails(t, () => decodeInput('a.npy', npy('|i1', '(2, 2)', four, 4), int8([2, 2])), /version 4/);
  fails(
    t,
    () => decodeInput('a.npy', npy('<f4', '(1,)', Float32Array.of(NaN).buffer), int8([1])),
    /not a number/,
  );
});

test('pictures: the tensor range decides how pixels are read, and the result says how', (t) => {
  const file = png(1, 2, [0, 128, 255, 10, 20, 30]);
  const full = decodeInput('a.png', file, int8([1, 2, 1, 3], 1, -128));
  t.deepEqual(signed(full.bytes), [-128, 0, 127, -118, -108, -98]);
  t.is(full.convention, 'pixels as 0..255');
  const unit = decodeInput('a.png', file, int8([1, 2, 1, 3], 1 / 255, -128));
  t.deepEqual(signed(unit.bytes), signed(full.bytes));
  t.regex(unit.convention, /x \/ 255/);
  const symmetric = decodeInput('a.png', file, int8([2, 1, 3], 1 / 128));
  t.deepEqual(signed(symmetric.bytes).slice(0, 3), [-128, 1, 127]);
  t.regex(symmetric.convention, /127\.5/);
  t.deepEqual(floats(decodeInput('a.png', file, float32([2, 1, 3])).bytes).slice(0, 3), [
    0,
    Math.fround(128 / 255),
    1,
  ]);
  fails(t, () => decodeInput('a.png', file, int8([2, 1, 3], 0.02, 0)), /range -2\.56\.\.2\.54 fits none/);
});

test('pictures: grey and colour convert, another size or no image is refused', (t) => {
  const grey = PNG.sync.write(
    Object.assign(new PNG({ width: 2, height: 1 }), { data: Buffer.from([7, 7, 7, 255, 9, 9, 9, 255]) }),
    { colorType: 0 },
  );
  t.deepEqual(
    [...decodeInput('a.png', grey, { ...int8([1, 1, 2, 3]), dtype: 'uint8' }).bytes],
    [7, 7, 7, 9, 9, 9],
  );
  const colour = png(1, 1, [255, 0, 0]);
  t.deepEqual([...decodeInput('a.png', colour, { ...int8([1, 1]), dtype: 'uint8' }).bytes], [76]);
  fails(
    t,
    () => decodeInput('a.png', colour, int8([1, 2, 3, 3], 1, -128)),
    /1x1 \(width x height\), the network wants 3x2/,
  );
  fails(t, () => decodeInput('a.png', colour, int8([490], 1, -128)), /490, no image/);
  fails(t, () => decodeInput('a.png', colour, int8([1, 1, 2], 1, -128)), /no image/);
});

test('.jpg decodes, and a claim of a gigantic size costs nothing', (t) => {
  const data = Buffer.alloc(4 * 64, 200);
  const file = jpeg.encode({ width: 8, height: 8, data }, 100).data;
  const { bytes } = decodeInput('a.JPG', file, { ...int8([8, 8, 1]), dtype: 'uint8' });
  t.true(bytes.every((pixel) => Math.abs(pixel - 200) <= 2));
  const huge = Buffer.from(png(1, 1, [1, 2, 3]));
  huge.writeUInt32BE(0x7fffffff, 16);
  fails(t, () => decodeInput('a.png', huge, int8([1, 1, 3], 1, -128)), /2147483647x1/);
});

test('.wav: every width, float, extensible, and the count must match', (t) => {
  const quarter = { 8: [160], 16: [0, 32], 24: [0, 0, 32], 32: [0, 0, 0, 32] };
  for (const [bits, bytes] of Object.entries(quarter)) {
    t.deepEqual(
      floats(decodeInput('a.wav', wav(1, Number(bits), Buffer.from(bytes)), float32([1])).bytes),
      [0.25],
      bits,
    );
  }
  const negative = wav(1, 24, Buffer.from([0, 0, 0x80]));
  t.deepEqual(floats(decodeInput('a.wav', negative, float32([1])).bytes), [-1]);
  const float = wav(3, 32, Buffer.from(Float32Array.of(0.5, -0.5).buffer), 2);
  t.deepEqual(signed(decodeInput('a.wav', float, int8([2], 1 / 128)).bytes), [64, -64]);
  const wide: InputTensor = { dtype: 'int16', shape: [1], scale: 1, zeroPoint: 0 };
  t.deepEqual([...decodeInput('a.wav', wav(1, 16, Buffer.from([0x34, 0x12])), wide).bytes], [0x34, 0x12]);
  fails(
    t,
    () => decodeInput('a.wav', float, int8([3])),
    /2 samples in 2 channels, the network wants 3 of int8/,
  );
  fails(t, () => decodeInput('a.wav', wav(6, 8, Buffer.from([1])), int8([1])), /coding 6/);
});

test('other extensions are refused with the list', (t) => {
  fails(
    t,
    () => decodeInput('dir/a.gif', new Uint8Array(1), int8([1])),
    /^E_INPUT: a\.gif: .*\.npy, \.bin, \.csv, \.wav/,
  );
});

const shared = fileURLToPath(new URL('../../../../shared/inputs/', import.meta.url));

(existsSync(shared) ? test : test.skip)(
  'real files: a picture for mcunet and a second of speech',
  async (t) => {
    const picture = await readInput(`${shared}person.png`, int8([1, 80, 80, 3], 0.00783930719, -1));
    t.is(picture.bytes.length, 19_200);
    t.regex(picture.convention, /127\.5/);
    t.true(new Set(picture.bytes).size > 100);
    const speech = await readInput(`${shared}yes_1000ms.wav`, int8([1, 16_000], 1 / 128));
    t.is(speech.bytes.length, 16_000);
    t.true(new Set(speech.bytes).size > 20);
    const missing = await t.throwsAsync(readInput(`${shared}none.png`, int8([1])), {
      instanceOf: ReflowError,
    });
    t.is(missing?.code, 'E_FILE');
  },
);

const seeds: [string, Uint8Array, InputTensor][] = [
  ['a.npy', npy('<f4', '(2, 2)', Float32Array.of(1, 2, 3, 4).buffer), int8([2, 2])],
  ['a.bin', new Uint8Array(16), int8([4])],
  ['a.csv', Buffer.from('1,2,3,4'), int8([4])],
  ['a.wav', wav(1, 16, Buffer.from([1, 2, 3, 4])), int8([2])],
  [
    'a.png',
    png(
      4,
      4,
      Array.from({ length: 48 }, (_, i) => i * 5),
    ),
    int8([4, 4, 3], 1, -128),
  ],
  [
    'a.jpg',
    jpeg.encode({ width: 16, height: 16, data: Buffer.alloc(1024, 99) }, 80).data,
    int8([16, 16, 3], 1, -128),
  ],
];

for (const [name, good, tensor] of seeds) {
  test(`fuzz ${name}: a damaged file is read whole or refused with E_INPUT`, (t) => {
    const wholeBytes = tensor.shape.reduce((a, b) => a * b, 1);
    const edits = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 });
    const cut = fc.oneof(fc.constant(good.length), fc.nat(good.length));
    fc.assert(
      fc.property(edits, cut, fc.uint8Array({ maxLength: 8 }), (changes, length, tail) => {
        const bytes = Buffer.concat([Buffer.from(good).subarray(0, length), tail]);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          t.is(decodeInput(name, bytes, tensor).bytes.length, wholeBytes);
        } catch (error) {
          if (!(error instanceof ReflowError) || error.code !== 'E_INPUT') throw error;
        }
      }),
      { numRuns: name === 'a.jpg' ? 500 : 1000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          decodeInput(name, noise, tensor);
        } catch (error) {
          if (!(error instanceof ReflowError) || error.code !== 'E_INPUT') throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
}
