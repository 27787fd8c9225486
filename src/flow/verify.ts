/** A board against a reference, tensor by tensor; names the first operator that differs. */
import { type Op, tensorOf } from '../ir/graph.js';
import type { TensorId } from '../ir/tensor.js';
import { dumpLayers, runOnce } from '../profile/run.js';
import { buildProject } from './build.js';
import { compareTensors, type Difference } from './compare-tensors.js';
import { type OnBoard, onBoard, planRequestOf, running } from './on-board.js';
import { planFor } from './plan.js';
import { goldenReference, hostReference, type Reference } from './reference.js';
import type { Verify } from './requests.js';
import type { Divergence, VerifyResult } from './results.js';

/** Float kernels may differ from the reference by this much, relative to the tensor's largest magnitude. */
const floatTolerance = 1e-5;

export const verify: Verify = async (request, progress) => {
  const compare = async (board: OnBoard): Promise<VerifyResult> => {
    const { graph } = board.planned;
    const reference = await progress.stage('reference', () =>
      request.golden === null
        ? hostReference(request, request.plan.attention)
        : goldenReference(graph, request.golden),
    );
    return progress.stage('verify', () => verifyOn(board, reference));
  };
  const { project } = request;
  if (project === null) return onBoard(request, progress, compare);
  const planned = await planFor(planRequestOf(request));
  const image = await progress.stage('build', () => buildProject(project));
  return running(planned, image, request.port, (board) => compare({ ...board, planned, image }));
};

/** Runs every vector of the reference on the board. */
export async function verifyOn(
  { planned, session, network }: OnBoard,
  reference: Reference,
): Promise<VerifyResult> {
  const { graph } = planned;
  const compare = (id: TensorId, actual: Uint8Array, expected: Uint8Array) =>
    compareTensors(tensorOf(graph, id).dtype, actual, expected);
  const worst = new Map<TensorId, Difference>();
  const bad = new Map<TensorId, Difference>();
  const note = (id: TensorId, actual: Uint8Array, expected: Uint8Array) => {
    const difference = compare(id, actual, expected);
    if (graph.outputs.includes(id) && !(worst.get(id) && worst.get(id)!.rmse >= difference.rmse))
      worst.set(id, difference);
    if (!isEqual(tensorOf(graph, id).dtype, difference, expected) && !bad.has(id)) bad.set(id, difference);
  };
  let layersCompared = 0;
  for (const vector of reference.vectors) {
    if (vector.layers.size > 0) {
      for (const { tensor, bytes } of await dumpLayers(session, network, vector.inputs)) {
        const expected = vector.layers.get(tensor.index);
        if (!expected) continue;
        layersCompared++;
        note(tensor.index, bytes, expected);
      }
    }
    const { outputs } = await runOnce(session, network, vector.inputs);
    for (const [index, { bytes }] of outputs.entries())
      note(graph.outputs[index]!, bytes, vector.outputs[index]!);
  }
  return {
    network: graph.name,
    board: planned.board.id,
    reference: reference.name,
    equal: bad.size === 0,
    layersCompared,
    outputs: graph.outputs.map((id) => {
      const { maxAbsDiff, rmse, cosine } = worst.get(id)!;
      return { name: tensorOf(graph, id).name, maxAbsDiff, rmse, cosine };
    }),
    firstDivergent: firstDivergent(planned, bad),
  };
}

function isEqual(dtype: string, { differing, maxAbsDiff }: Difference, expected: Uint8Array): boolean {
  if (dtype !== 'float32') return differing === 0;
  const values = new Float32Array(expected.slice().buffer);
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return maxAbsDiff <= floatTolerance * Math.max(1, largest);
}

/** The first operator in execution order with a tensor that differs; everything behind it differs because of it. */
function firstDivergent(
  { graph }: OnBoard['planned'],
  bad: ReadonlyMap<TensorId, Difference>,
): Divergence | null {
  const op = graph.ops.find((candidate) => candidate.outputs.some((id) => bad.has(id)));
  return op ? divergence(op) : null;

  function divergence({ id: index, kind, label, outputs }: Op): Divergence {
    const tensor = outputs.find((id) => bad.has(id))!;
    const { differing, elements, maxAbsDiff } = bad.get(tensor)!;
    return {
      index,
      kind,
      label,
      tensor,
      name: tensorOf(graph, tensor).name,
      differing,
      elements,
      maxAbsDiff,
    };
  }
}
