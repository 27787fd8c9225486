/** Networks exported by PyTorch's two exporters against onnxruntime: the second oracle beside the operator tests. */
import test from 'ava';
import { planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { importOnnx } from '../src/import/onnx.js';
import { HostProgram } from './host-runner.js';
import { onnxVectorNames, rawInputs, readOnnxVector, relativeError } from './onnx-vector-file.js';
import { planOptions } from './plan-options.js';
import { decode } from './vector-file.js';

/**
 * Sums in another order: the error that float32 networks of this depth may have, relative to the largest output. Networks in
 * integers are compared with real arithmetic between the same roundings: one step of the output's scale, which is a
 * fraction of the largest output that the vectors themselves show.
 */
const tolerance = 2e-5;

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
      const error = relativeError(imported, actual, outputs);
      t.true(error < tolerance, `${error} off ${vector.engine}`);
    }
  });
}
