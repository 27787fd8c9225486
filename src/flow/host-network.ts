/** A graph as a process of this machine that answers many samples. */
import { sha256 } from '../base/hash.js';
import type { Graph } from '../ir/graph.js';
import type { TensorId } from '../ir/tensor.js';
import { dumpLayers, runOnce } from '../profile/run.js';
import { buildProject } from './build.js';
import { writeProject } from './compile.js';
import { inScratchFolder, running } from './on-board.js';
import { planRead } from './plan.js';
import { planDefaults } from './requests.js';

export interface HostNetwork {
  /** Every tensor that an inference writes, by id. */
  layers(inputs: readonly Uint8Array[]): Promise<ReadonlyMap<TensorId, Uint8Array>>;
  /** The outputs alone. */
  outputs(inputs: readonly Uint8Array[]): Promise<readonly Uint8Array[]>;
}

/** Plans, compiles and starts a graph on this machine, whole tensors and reference kernels; ends it after `work`. */
export async function onHost<T>(graph: Graph, work: (network: HostNetwork) => Promise<T>): Promise<T> {
  const modelHash = sha256(graph.name);
  const network = { file: graph.name, format: 'rfq', modelHash, graph } as const;
  const planned = await planRead(network, { ...planDefaults, board: 'host', objective: 'speed' });
  return inScratchFolder(async (folder) => {
    await writeProject(planned, folder);
    const image = await buildProject(folder);
    return running(planned, image, null, ({ session, network: onBoard }) =>
      work({
        layers: async (inputs) =>
          new Map(
            (await dumpLayers(session, onBoard, inputs)).map(({ tensor, bytes }) => [tensor.index, bytes]),
          ),
        outputs: async (inputs) =>
          (await runOnce(session, onBoard, inputs)).outputs.map(({ bytes }) => bytes),
      }),
    );
  });
}
