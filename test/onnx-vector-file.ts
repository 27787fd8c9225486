/** Reads test/vectors-onnx/*.json: networks that PyTorch exported, with what onnxruntime computes (tools/onnx-vectors). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Constant, numbersOf } from '../src/import/onnx/constant.js';
import { inForm } from '../src/import/onnx/form.js';
import type { ImportedOnnx } from '../src/import/onnx.js';
import { repositoryRoot } from './host-runner.js';
import { decode } from './vector-file.js';

interface Packed {
  readonly shape: readonly number[];
  /** Numbers of little-endian float32, in base64. */
  readonly data: string;
}

export interface OnnxVector {
  readonly name: string;
  readonly engine: string;
  readonly model: string;
  readonly cases: readonly { readonly inputs: readonly Packed[]; readonly outputs: readonly Packed[] }[];
}

const folder = join(repositoryRoot, 'test/vectors-onnx');

export function onnxVectorNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.replace('.json', ''));
}

export function readOnnxVector(name: string): OnnxVector {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
}

function constantOfPacked({ shape, data }: Packed): Constant {
  return { dtype: 'float32', shape, data: decode(data) };
}

/** The raw inputs of a case as the imported graph takes them. */
export function rawInputs({ inputForms }: ImportedOnnx, inputs: readonly Packed[]): Uint8Array[] {
  return inputs.map((input, index) => inForm(constantOfPacked(input), inputForms[index]!).data);
}

/** Largest difference to what the other engine gave, and its largest magnitude. */
export function largestError(
  { outputForms }: ImportedOnnx,
  outputs: readonly Uint8Array[],
  wanted: readonly Packed[],
): { readonly absolute: number; readonly largest: number } {
  let [absolute, largest] = [0, 0];
  wanted.forEach((packed, index) => {
    const there = inForm(constantOfPacked(packed), outputForms[index]!);
    const [a, b] = [numbersOf({ ...there, data: outputs[index]! }), numbersOf(there)];
    if (a.length !== b.length) absolute = Infinity;
    b.forEach((value, at) => {
      const error = Math.abs(a[at]! - value);
      absolute = Number.isNaN(error) ? Infinity : Math.max(absolute, error);
      largest = Math.max(largest, Math.abs(value));
    });
  });
  return { absolute, largest };
}
