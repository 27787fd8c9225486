/** One inference on a board. */
import { files } from '../base/files.js';
import { tensorOf } from '../ir/graph.js';
import { type DType, typedArray } from '../ir/tensor.js';
import { dumpLayers, runOnce, type TensorValue } from '../profile/run.js';
import { costOf, sourceOf } from './board-cost.js';
import { tensorInfo } from './inspect.js';
import { readInputs } from './network-inputs.js';
import { type OnBoard, onBoard } from './on-board.js';
import type { InputBytes } from './read-input.js';
import type { RunStory } from './requests.js';
import type { OutputValues, RunResult } from './results.js';
import { tensorFiles, tensorIndexOf } from './tensor-files.js';

export const run: RunStory = (request, progress) =>
  onBoard(request, progress, async (board) => {
    const inputs = await readInputs(board.planned.graph, request.inputs);
    const result = await progress.stage('run', () => runOn(board, inputs));
    if (request.layers === null) return result;
    const folder = request.layers;
    const layers = await progress.stage('layers', () =>
      dumpLayers(board.session, board.network, bytesOf(inputs)),
    );
    await files.writeFolder(folder, tensorFiles(layers), (names) =>
      names.every((name) => tensorIndexOf(name) !== null),
    );
    return { ...result, layers: folder };
  });

export const bytesOf = (inputs: readonly InputBytes[]): Uint8Array[] => inputs.map(({ bytes }) => bytes);

/** One inference with these inputs. */
export async function runOn(
  { planned, session, network }: OnBoard,
  inputs: readonly InputBytes[],
): Promise<RunResult> {
  const ran = await runOnce(session, network, bytesOf(inputs));
  const { graph } = planned;
  return {
    network: graph.name,
    board: planned.board.id,
    source: sourceOf(ran.counter),
    outputs: ran.outputs.map((output, index) => outputValues(graph.outputs[index]!, output)),
    arenaBytes: planned.plan.arenaBytes,
    inputs: inputs.map(({ convention }) => convention),
    layers: null,
    ...costOf(ran.counter, ran.total),
  };

  function outputValues(id: number, { bytes }: TensorValue): OutputValues {
    const tensor = tensorOf(graph, id);
    return { ...tensorInfo(tensor), values: Array.from(typedArray(tensor.dtype as DType, bytes), Number) };
  }
}
