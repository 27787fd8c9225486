/** What a board's tensors are compared with: golden vectors, or the reference kernels on this machine. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ReflowError } from '../base/error.js';
import { files } from '../base/files.js';
import { type Graph, tensorOf } from '../ir/graph.js';
import { type TensorId, tensorBytes } from '../ir/tensor.js';
import { dumpLayers } from '../profile/run.js';
import { buildProject } from './build.js';
import { writeProject } from './compile.js';
import { generatedInputs } from './network-inputs.js';
import { inScratchFolder, running } from './on-board.js';
import { planFor } from './plan.js';
import { type AttentionChoice, type InspectRequest, planDefaults } from './requests.js';
import { tensorIndexOf } from './tensor-files.js';

/** Inputs, and what they must give. */
export interface ReferenceVector {
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
  /** Tensors between, by index; empty when only the outputs are known. */
  readonly layers: ReadonlyMap<TensorId, Uint8Array>;
}

export interface Reference {
  /** In words. */
  readonly name: string;
  readonly vectors: readonly ReferenceVector[];
}

/**
 * The same network with the reference kernels and whole tensors, as a process of this machine, on generated inputs.
 * @param attention as the board computes it: it decides the roundings
 */
export async function hostReference(
  { network, shapes }: InspectRequest,
  attention?: AttentionChoice,
): Promise<Reference> {
  const seeds = [1, 2];
  const planned = await planFor({
    network,
    ...(shapes ? { shapes } : {}),
    board: 'host',
    ...planDefaults,
    objective: 'speed',
    ...(attention && { attention }),
  });
  const vectors = await inScratchFolder(async (folder) => {
    await writeProject(planned, folder);
    const image = await buildProject(folder);
    return running(planned, image, null, async ({ session, network: onHost }) => {
      const made: ReferenceVector[] = [];
      for (const seed of seeds) {
        const inputs = generatedInputs(planned.graph, seed);
        const layers = new Map(
          (await dumpLayers(session, onHost, inputs)).map(({ tensor, bytes }) => [tensor.index, bytes]),
        );
        made.push({
          inputs,
          outputs: planned.graph.outputs.map((id) => layers.get(id) ?? new Uint8Array()),
          layers,
        });
      }
      return made;
    });
  });
  return { name: 'reference kernels on this machine, generated inputs with seeds 1 and 2', vectors };
}

/**
 * Golden vectors: `in<n>_<input>.bin` and `out<n>_<output>.bin` for n = 1, 2, ...; tensors between for n = 1 in `layers1/`.
 * @throws ReflowError E_INPUT when the folder has none, or files of the wrong size
 */
export async function goldenReference(graph: Graph, folder: string): Promise<Reference> {
  const names = await readdir(folder).catch((error: Error) => {
    throw new ReflowError(
      'E_INPUT',
      `cannot read ${folder}: ${error.message}`,
      'give a folder with in1_0.bin, out1_0.bin and so on',
    );
  });
  const numbers = names.flatMap((name) => /^in(\d+)_0\.bin$/.exec(name)?.[1] ?? []).map(Number);
  if (numbers.length === 0) {
    throw new ReflowError(
      'E_INPUT',
      `${folder} has no golden vectors`,
      'give a folder with in1_0.bin, out1_0.bin and so on',
    );
  }
  const vectors: ReferenceVector[] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const read = (role: string, ids: readonly TensorId[]) =>
      Promise.all(
        ids.map((id, index) => readSized(graph, id, join(folder, `${role}${number}_${index}.bin`))),
      );
    const [inputs, outputs] = [await read('in', graph.inputs), await read('out', graph.outputs)];
    const layers =
      number === 1 && names.includes('layers1')
        ? await readLayers(graph, join(folder, 'layers1'))
        : new Map();
    vectors.push({ inputs, outputs, layers });
  }
  return { name: `golden vectors in ${folder}`, vectors };
}

async function readLayers(graph: Graph, folder: string): Promise<Map<TensorId, Uint8Array>> {
  const layers = new Map<TensorId, Uint8Array>();
  for (const name of await readdir(folder)) {
    const id = tensorIndexOf(name);
    if (id !== null && graph.tensors[id]) layers.set(id, await readSized(graph, id, join(folder, name)));
  }
  return layers;
}

async function readSized(graph: Graph, id: TensorId, path: string): Promise<Uint8Array> {
  const bytes = await files.read(path);
  const needed = tensorBytes(tensorOf(graph, id));
  if (bytes.length === needed) return bytes;
  throw new ReflowError(
    'E_INPUT',
    `${path} has ${bytes.length} bytes, tensor ${id} has ${needed}`,
    'give vectors of this network',
  );
}
