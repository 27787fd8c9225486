/** Small whole networks against TensorFlow Lite Micro under every kind of plan, each tensor that a plan materialises. */
import test from 'ava';
import { importNetwork, planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import type { Graph } from '../src/ir/graph.js';
import { HostProgram } from './host-runner.js';
import { networkCases } from './network-cases.js';
import { planOptions } from './plan-options.js';
import { decode, difference } from './vector-file.js';

/** Streaming feeds exactly one image. */
function isStreamable(graph: Graph): boolean {
  const images = graph.inputs.filter((id) => {
    const { shape } = graph.tensors[id]!;
    return shape.length === 4 && shape[0] === 1 && shape[1]! > 1;
  });
  return images.length === 1;
}

const plans = [
  { objective: 'balanced', input: 'resident' },
  { objective: 'ram', input: 'streamed' },
  { objective: 'speed', input: 'resident' },
] as const;

for (const options of plans) {
  test(`networks equal their vectors: ${options.objective}, ${options.input}`, async (t) => {
    const networks = networkCases
      .map((network, index) => ({
        network,
        graph: prepareGraph(importNetwork(decode(network.model), `n${index}`)),
      }))
      .filter(({ graph }) => options.input === 'resident' || isStreamable(graph))
      .map(({ network, graph }) => ({
        network,
        graph,
        plan: planNetwork(graph, { ...planOptions, ...options }),
      }));
    t.true(networks.length >= 13, `${networks.length} networks`);
    const program = await HostProgram.compile(networks);
    t.teardown(() => program.close());
    networks.forEach(({ network }, index) => {
      const runs = [network, ...network.more];
      const results = program.runAll(runs.map(({ inputs }) => ({ index, inputs: inputs.map(decode) })));
      const layers = network.tensors.filter((tensor) => results[0]!.tensors.has(tensor.index));
      t.true(layers.length > 0, `${network.name} has layers to compare`);
      for (const { index: id, dtype, data } of layers) {
        const found = difference(dtype, results[0]!.tensors.get(id)!, decode(data));
        t.is(found, null, `${network.name}, tensor ${id}`);
      }
      runs.forEach(({ outputs }, run) => {
        outputs.forEach(({ dtype, data }, position) => {
          const found = difference(dtype, results[run]!.outputs[position]!, decode(data));
          t.is(found, null, `${network.name}, run ${run}, output ${position}`);
        });
      });
    });
  });
}
