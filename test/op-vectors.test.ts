/** Every operator against an independent engine: TensorFlow Lite Micro where it has the operator, else TensorFlow's reference. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { importNetwork, planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { HostProgram, repositoryRoot } from './host-runner.js';
import { planOptions } from './plan-options.js';
import { decode, difference, readVectors } from './vector-file.js';

const only = process.env.REFLOW_OPS?.split(',');
const files = readdirSync(join(repositoryRoot, 'test/vectors')).filter(
  (file) => file.endsWith('.json') && file !== 'networks.json',
);

for (const file of files) {
  const op = file.replace('.json', '');
  if (only && !only.includes(op)) continue;
  test(`${op}: every vector`, async (t) => {
    const cases = readVectors(op);
    const networks = cases.map(({ model }, index) => {
      const graph = prepareGraph(importNetwork(decode(model), `${op}_${index}`));
      return {
        graph,
        plan: planNetwork(graph, planOptions),
      };
    });
    const program = await HostProgram.compile(networks);
    t.teardown(() => program.close());
    const results = program.runAll(
      cases.map((vector, index) => ({ index, inputs: vector.inputs.map(decode) })),
    );
    cases.forEach((vector, index) => {
      vector.outputs.forEach((expected, position) => {
        t.is(
          difference(expected.dtype, results[index]!.outputs[position]!, decode(expected.data)),
          null,
          `${vector.name} (${vector.engine}), output ${position}`,
        );
      });
    });
  });
}
