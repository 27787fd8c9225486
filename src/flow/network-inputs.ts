/** The bytes of a network's inputs: from files, or generated. */
import { ReflowError } from '../base/error.js';
import { type Graph, tensorOf } from '../ir/graph.js';
import { dtypeBytes, elementCount, type Tensor } from '../ir/tensor.js';
import { tensorInfo } from './inspect.js';
import { type InputBytes, readInput } from './read-input.js';

/** One file per input, in the network's order. @throws ReflowError E_INPUT, E_FILE */
export async function readInputs(graph: Graph, paths: readonly string[]): Promise<InputBytes[]> {
  if (paths.length !== graph.inputs.length) {
    throw new ReflowError(
      'E_INPUT',
      `${graph.name} has ${graph.inputs.length} inputs, ${paths.length} files were given`,
      'give one --input for each; see `reflow inspect`',
    );
  }
  return Promise.all(
    graph.inputs.map((id, index) => readInput(paths[index]!, tensorInfo(tensorOf(graph, id)))),
  );
}

/** Files when there are any, else the generated input with seed 1. */
export async function inputsOrGenerated(graph: Graph, paths: readonly string[]): Promise<InputBytes[]> {
  if (paths.length > 0) return readInputs(graph, paths);
  return generatedInputs(graph, 1).map((bytes) => ({ bytes, convention: 'generated: xorshift32, seed 1' }));
}

/**
 * Reproducible inputs: xorshift32 (shifts 13, 17, 5) from `seed`, one step per byte, its low byte; all inputs from one
 * stream. Floats take one byte per element, as (int8) byte / 128. Source: the golden vectors' manifest.
 */
export function generatedInputs(graph: Graph, seed: number): Uint8Array[] {
  let state = seed >>> 0;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 255;
  };
  return graph.inputs.map((id) => generated(tensorOf(graph, id), next));
}

function generated({ dtype, shape }: Tensor, next: () => number): Uint8Array {
  const count = elementCount(shape);
  if (dtype === 'float32')
    return new Uint8Array(Float32Array.from({ length: count }, () => ((next() << 24) >> 24) / 128).buffer);
  return Uint8Array.from({ length: count * dtypeBytes[dtype] }, next);
}
