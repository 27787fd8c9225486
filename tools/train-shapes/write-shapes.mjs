/**
 * node write-shapes.mjs FOLDER COUNT SEED: writes FOLDER/images.npy, float32 [COUNT, 1, 32, 32] between -1 and 1 as the networks
 * take them, and FOLDER/labels.npy, uint8 [COUNT].
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawMany, size } from './shapes.mjs';

/** NumPy's file format, version 1.0. */
function npy(type, shape, data) {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${padded}`, 'latin1');
  head.writeUInt16LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(data.buffer)]);
}

const [folder, count, seed] = process.argv.slice(2);
if (seed === undefined) {
  process.stderr.write('usage: node write-shapes.mjs FOLDER COUNT SEED\n');
  process.exit(2);
}
const { pixels, labels } = drawMany(Number(count), Number(seed));
mkdirSync(folder, { recursive: true });
const images = Float32Array.from(pixels, (value) => (value - 128) / 128);
writeFileSync(join(folder, 'images.npy'), npy('<f4', [Number(count), 1, size, size], images));
writeFileSync(join(folder, 'labels.npy'), npy('|u1', [Number(count)], labels));
