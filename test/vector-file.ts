/** Reads test/vectors/*.json: single operators and small networks with the outputs of an independent engine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DType } from '../src/ir/tensor.js';
import { typedArray } from '../src/ir/tensor.js';
import { repositoryRoot } from './host-runner.js';

export interface VectorCase {
  readonly name: string;
  readonly engine: 'tflm' | 'tensorflow';
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly {
    readonly dtype: DType;
    readonly shape: readonly number[];
    readonly data: string;
  }[];
}

export function readVectors(op: string): readonly VectorCase[] {
  return JSON.parse(readFileSync(join(repositoryRoot, 'test/vectors', `${op}.json`), 'utf8')).cases;
}

export function decode(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

/** Null when equal (floats: within 1e-5 + 1e-5 relative), else where they differ. */
export function difference(dtype: DType, actual: Uint8Array, expected: Uint8Array): string | null {
  const [a, b] = [
    Array.from(typedArray(dtype, actual), Number),
    Array.from(typedArray(dtype, expected), Number),
  ];
  if (a.length !== b.length) return `${a.length} elements instead of ${b.length}`;
  const tolerance = (value: number) => (dtype === 'float32' ? 1e-5 + 1e-5 * Math.abs(value) : 0);
  const at = a.findIndex(
    (value, index) => !(Object.is(value, b[index]) || Math.abs(value - b[index]!) <= tolerance(b[index]!)),
  );
  return at < 0 ? null : `element ${at} is ${a[at]} instead of ${b[at]}`;
}
