/** From a float network and samples to an int8 one, and what that costs, layer by layer and in accuracy. */
import { ReflowError } from '../base/error.js';
import { files } from '../base/files.js';
import { writeRfq } from '../import/rfq.js';
import { type Graph, tensorOf } from '../ir/graph.js';
import { type TensorId, typedArray } from '../ir/tensor.js';
import { LayerComparison, worstLayer } from '../quantize/layer-loss.js';
import { type QuantizedGraph, quantizeGraph } from '../quantize/quantize-graph.js';
import { ValueHistogram } from '../quantize/value-histogram.js';
import { calibrationData, type Sample } from './calibration-data.js';
import { prepareGraph } from './compile-graph.js';
import { type HostNetwork, onHost } from './host-network.js';
import { refusalFor } from './input/input-tensor.js';
import { quantise } from './input/quantise.js';
import { tensorInfo } from './inspect.js';
import { readNetwork } from './network-file.js';
import type { Progress } from './progress.js';
import type { Quantize, QuantizeRequest } from './quantize-request.js';
import type { QuantizeAccuracy } from './quantize-result.js';

/** Samples on which layers are compared: more change the figures little. */
const compared = 16;

/** @throws ReflowError E_INPUT for data that cannot be used, E_UNSUPPORTED, E_FILE, and those of `compile` */
export const quantize: Quantize = async (request, progress) => {
  const { graph: imported } = await readNetwork(request);
  const graph = prepareGraph(imported);
  const input = soleInput(graph);
  const samples = await progress.stage('read data', () =>
    calibrationData(request.data, tensorInfo(input), request.samples),
  );
  return onHost(graph, async (real) => {
    const made = await calibrated(graph, real, samples, request, progress);
    const asInts = int8Samples(made.graph, samples);
    return onHost(made.graph, async (rounded) => {
      const layers = await progress.stage('compare layers', async (say) => {
        const comparison = new LayerComparison(made.graph);
        const some = samples.slice(0, compared);
        for (const [at, { bytes }] of some.entries()) {
          say(`${at + 1} of ${some.length}`);
          comparison.add(await real.layers([bytes]), await rounded.layers([asInts[at]!]));
        }
        return comparison.layers();
      });
      const accuracy = await progress.stage('accuracy', (say) =>
        accuracyOf(made.graph, real, rounded, samples, asInts, say),
      );
      const bytes = writeRfq(made.graph);
      await files.write(request.out, bytes);
      const { calibration, biasCorrection } = request;
      const labels = new Map(graph.ops.map(({ id, label }) => [id, label]));
      const inFloat = made.inFloat.map((op) => ({ op, label: labels.get(op) ?? '' }));
      return {
        ...{ network: graph.name, out: request.out, bytes: bytes.length, samples: samples.length },
        ...{ calibration, biasCorrection, layers, worst: worstLayer(layers), inFloat, accuracy },
      };
    });
  });
};

function soleInput(graph: Graph) {
  const [id, ...more] = graph.inputs;
  const input = id === undefined ? null : tensorOf(graph, id);
  if (input?.dtype === 'float32' && more.length === 0) return input;
  throw new ReflowError(
    'E_UNSUPPORTED',
    input?.dtype === 'float32'
      ? `${graph.name} has ${graph.inputs.length} inputs; networks with one are quantised`
      : `${graph.name} has no float32 input, so it is not a float network`,
    'give a float32 network with a single input',
  );
}

async function calibrated(
  graph: Graph,
  real: HostNetwork,
  samples: readonly Sample[],
  { calibration, biasCorrection }: QuantizeRequest,
  progress: Progress,
): Promise<QuantizedGraph> {
  const seen = new Map<TensorId, ValueHistogram>();
  const take = (id: TensorId, bytes: Uint8Array) => {
    const { dtype, shape, name } = tensorOf(graph, id);
    if (dtype !== 'float32') return;
    const histogram = seen.get(id) ?? new ValueHistogram(shape.at(-1) ?? 1);
    seen.set(id, histogram);
    if (histogram.add(typedArray('float32', bytes) as Float32Array)) return;
    throw new ReflowError(
      'E_INPUT',
      `tensor ${id} (${name}) of the float network is not finite for a sample`,
      'check that the samples are scaled as in training',
    );
  };
  await progress.stage('calibrate', async (say) => {
    for (const [at, { bytes }] of samples.entries()) {
      say(`${at + 1} of ${samples.length}`);
      take(graph.inputs[0]!, bytes);
      for (const [id, layer] of await real.layers([bytes])) if (!graph.inputs.includes(id)) take(id, layer);
    }
  });
  return quantizeGraph(graph, seen, { calibration, biasCorrection });
}

function int8Samples(graph: Graph, samples: readonly Sample[]): Uint8Array[] {
  const tensor = tensorInfo(tensorOf(graph, graph.inputs[0]!));
  return samples.map(({ bytes }) =>
    quantise(typedArray('float32', bytes) as Float32Array, tensor, refusalFor('a sample')),
  );
}

/** Share of samples whose largest output is their label's, float and int8; null without labels. */
async function accuracyOf(
  graph: Graph,
  real: HostNetwork,
  rounded: HostNetwork,
  samples: readonly Sample[],
  asInts: readonly Uint8Array[],
  say: (detail: string) => void,
): Promise<QuantizeAccuracy | null> {
  let [float, int8, same, labelled] = [0, 0, 0, 0];
  const { dtype } = tensorOf(graph, graph.outputs[0]!);
  for (const [at, { bytes, label }] of samples.entries()) {
    if (label === null) continue;
    say(`${at + 1} of ${samples.length}`);
    labelled++;
    const before = largest('float32', (await real.outputs([bytes]))[0]!);
    const after = largest(dtype, (await rounded.outputs([asInts[at]!]))[0]!);
    if (before === label) float++;
    if (after === label) int8++;
    if (before === after) same++;
  }
  if (labelled === 0) return null;
  return { samples: labelled, float: float / labelled, int8: int8 / labelled, agreement: same / labelled };
}

function largest(dtype: Parameters<typeof typedArray>[0], bytes: Uint8Array): number {
  const values = Array.from(typedArray(dtype, bytes), Number);
  return values.reduce((best, value, at) => (value > values[best]! ? at : best), 0);
}
