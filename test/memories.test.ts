/** Networks whose working memory is spread over two or three memories compute what they compute in one. */
import test from 'ava';
import { planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import type { Graph } from '../src/ir/graph.js';
import { tensorBytes } from '../src/ir/tensor.js';
import type { Plan } from '../src/plan/plan.js';
import type { PlanOptions } from '../src/plan/plan-graph.js';
import { randomNumbers } from './graph-builder.js';
import { HostProgram, type RunResult } from './host-runner.js';
import { planOptions } from './plan-options.js';
import { randomGraph } from './random-graph.js';

const graphs = 60;
const modes: readonly Partial<PlanOptions>[] = [
  { objective: 'balanced' },
  { objective: 'speed', kernelSets: ['dsp', 'ref'] },
  { objective: 'balanced', input: 'streamed' },
];

/** The plan in one memory, and over memories that are each too small for it. */
function plansOf(graph: Graph, seed: number): Plan[] {
  const random = randomNumbers(seed);
  const images = graph.inputs.filter((id) => graph.tensors[id]!.shape[1]! > 1);
  return modes
    .filter(({ input }) => input !== 'streamed' || images.length === 1)
    .flatMap((mode) => {
      const options = { ...planOptions, seconds: 0.002, ...mode };
      const alone = planNetwork(graph, options);
      const memories = ['sram', 'dtcm', 'sdram'].slice(0, random() < 0.5 ? 2 : 3).map((name, cost) => ({
        name,
        roomBytes: 4 * Math.floor(alone.arenaBytes * (0.1 + 0.2 * random())),
        cyclesPerByte: 1 + cost,
      }));
      return [alone, planNetwork(graph, { ...options, memories })];
    });
}

test(`${graphs} random networks: the C computes the same in several memories, dead bytes poisoned`, async (t) => {
  const networks = Array.from({ length: graphs }, (_, seed) => {
    const graph = prepareGraph(randomGraph(seed));
    return plansOf(graph, seed).map((plan, mode) => {
      const named = { ...graph, name: `${graph.name}_${mode}` };
      return { graph: named, plan: { ...plan, graph: named.name } };
    });
  });
  const spread = networks.flat().filter(({ plan }) => plan.regions.length > 1);
  t.true(spread.length > graphs, `${spread.length} of ${networks.flat().length} plans are spread`);
  const program = await HostProgram.compile(networks.flat(), { poison: true });
  t.teardown(() => program.close());
  const random = randomNumbers(7);
  const jobs = networks.flatMap((plans, i) => plans.map(() => i));
  const inputs = networks.map(([network]) =>
    network!.graph.inputs.map((id) =>
      Uint8Array.from({ length: tensorBytes(network!.graph.tensors[id]!) }, () => 256 * random()),
    ),
  );
  const results = program.runAll(jobs.map((i, index) => ({ index, inputs: inputs[i]! })));
  for (const [i, plans] of networks.entries()) {
    const runs = results.filter((_, index) => jobs[index] === i);
    for (const run of runs) t.deepEqual(sorted(run), sorted(runs[0]!), plans[0]!.graph.name);
  }
});

/** Operators that run in turns write their tensors in another order. */
function sorted({ tensors, outputs }: RunResult) {
  return { tensors: [...tensors].sort(([a], [b]) => a - b), outputs };
}
