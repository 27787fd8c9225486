/** test/vectors/networks.json: small whole networks with every activation of a first run, and further runs. */
import { readVectors, type VectorCase } from './vector-file.js';

export interface NetworkCase extends VectorCase {
  /** Every activation of the first run. */
  readonly tensors: readonly (VectorCase['outputs'][number] & { readonly index: number })[];
  /** Further runs. */
  readonly more: readonly Pick<VectorCase, 'inputs' | 'outputs'>[];
}

export const networkCases = readVectors('networks') as readonly NetworkCase[];
