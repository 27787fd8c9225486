/** Networks exported by PyTorch's two exporters against onnxruntime: the second oracle beside the operator tests. */
import test from 'ava';
import { planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { importOnnx } from '../src/import/onnx.js';
import type { Graph } from '../src/ir/graph.js';
import { HostProgram } from './host-runner.js';
import { largestError, onnxVectorNames, rawInputs, readOnnxVector } from './onnx-vector-file.js';
import { planOptions } from './plan-options.js';
import { decode } from './vector-file.js';

/**
 * Sums in another order: the error that float32 networks of this depth may have, relative to the largest output. Networks in
 * integers are compared with real arithmetic between the same roundings: one step of the output's scale, which is a
 * fraction of the largest output that the vectors themselves show.
 */
const tolerance = 2e-5;

/**
 * Quantised networks may be a step of their last quantised tensor away: our integer kernels multiply by scales of 31 bits, the
 * other engine computes each node in float32 between the quantised numbers, and what lies next to a half is rounded either way.
 */
const steps = 1;

/** Behind a sigmoid two: TFLite's kernel gives 1/256 whatever scale is wanted, so its result is rounded a second time. */
const stepsBehindSigmoid = 2;

/** Heads are gathered by transposes, three in front of the scores and one behind, in each of two encoders. */
const transposes: Readonly<Record<string, number>> = { vit: 8 };

for (const name of onnxVectorNames()) {
  test(`${name}: as onnxruntime, and no image is ever turned`, async (t) => {
    const vector = readOnnxVector(name);
    const imported = importOnnx(decode(vector.model), name);
    const graph = prepareGraph(imported.graph);
    const kinds = graph.ops.map(({ kind }) => kind);
    t.is(
      kinds.filter((kind) => kind === 'transpose').length,
      transposes[name.split('_')[0]!] ?? 0,
      kinds.join(),
    );
    const program = await HostProgram.compile([{ graph, plan: planNetwork(graph, planOptions) }]);
    t.teardown(() => program.close());
    for (const { inputs, outputs } of vector.cases) {
      const actual = program.run(0, rawInputs(imported, inputs)).outputs;
      const step = name.endsWith('_qdq') ? lastScale(graph) : 0;
      const error = largestError(imported, actual, outputs);
      const allowed = kinds.slice(-3).includes('logistic') ? stepsBehindSigmoid : steps;
      t.true(
        error.absolute <= Math.max(allowed * step * (1 + 1e-4), tolerance * error.largest),
        `${error.absolute} off ${vector.engine}, steps of ${step}`,
      );
      if (step > 0) t.true(kinds.includes('conv2d') && isInteger(graph), kinds.join());
    }
  });
}

/** The scale of the quantised tensor that is computed last. */
function lastScale({ ops, tensors }: Graph): number {
  const scales = ops.flatMap(({ outputs }) => outputs.flatMap((id) => tensors[id]!.quant?.scales[0] ?? []));
  return scales.at(-1) ?? 0;
}

/** Whether every product of the network is one of integers. */
function isInteger({ ops, tensors }: Graph): boolean {
  const products = ops.filter(({ kind }) => /conv|fully_connected|matmul/.test(kind));
  return products.every(({ outputs }) => tensors[outputs[0]!]!.dtype === 'int8');
}
