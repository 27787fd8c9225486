/** The networks that hostile tests start from: small ones of many operators, and real ones. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importNetwork } from '../src/flow/compile-graph.js';
import { repositoryRoot } from './host-runner.js';
import { decode, readVectors } from './vector-file.js';

export interface CorpusFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where its weights lie in the file, [first, end). */
  readonly weights: readonly (readonly [first: number, end: number])[];
}

/** Two networks of every operator, the networks of several, and the small ones of ../shared where they are. */
export function hostileCorpus(): CorpusFile[] {
  const vectors = readdirSync(join(repositoryRoot, 'test/vectors'))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => {
      const op = file.replace('.json', '');
      const cases = readVectors(op);
      const chosen = op === 'networks' ? cases : [cases[0]!, cases.at(-1)!];
      return chosen.map(({ name, model }) => corpusFile(`${op}: ${name}`, decode(model)));
    });
  const shared = ['hello_world', 'micro_speech', 'kws'].flatMap((name) => {
    const path = join(repositoryRoot, '../shared/models', `${name}.tflite`);
    return existsSync(path) ? [corpusFile(name, new Uint8Array(readFileSync(path)))] : [];
  });
  return [...vectors, ...shared];
}

function corpusFile(name: string, bytes: Uint8Array): CorpusFile {
  const { tensors } = importNetwork(bytes, 'net');
  const weights = tensors.flatMap(({ data }) => {
    if (data === null || data.length < 64) return [];
    const first = data.byteOffset - bytes.byteOffset;
    return [[first, first + data.length] as const];
  });
  return { name, bytes, weights };
}
