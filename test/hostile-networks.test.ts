/** Damaged, hostile and merely odd networks through the whole compile: they end in a plan, or in one line with a code. */
import test from 'ava';
import { emitProject } from '../src/emit/emit-project.js';
import { importNetwork, planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { checkGraph } from '../src/ir/check.js';
import type { Graph } from '../src/ir/graph.js';
import { tensorBytes } from '../src/ir/tensor.js';
import { HostProgram, type RunnableNetwork } from './host-runner.js';
import { hostileCorpus } from './hostile-corpus.js';
import { outcomeText, runCases } from './hostile-run.js';
import { mutate } from './mutate.js';
import { mutateGraph } from './mutate-graph.js';
import { planOptions } from './plan-options.js';
import { Random } from './random.js';

const corpus = hostileCorpus();
const hashes = { modelHash: '00'.repeat(32), planHash: '00'.repeat(32) };
/** The most memory that the whole process may take. */
const mostBytes = 2 ** 30;

const objectives = ['balanced', 'speed', 'ram'] as const;

function compile(graph: Graph, variant: number): RunnableNetwork {
  const prepared = prepareGraph(graph);
  const plan = planNetwork(prepared, {
    ...planOptions,
    objective: objectives[variant % 3]!,
    input: variant % 4 === 3 ? 'streamed' : 'resident',
    kernelSets: variant % 2 === 0 ? ['dsp', 'ref'] : ['ref'],
    seconds: 0.01,
  });
  emitProject(prepared, plan, { file: 'net.tflite', ...hashes });
  return { graph: prepared, plan };
}

test('10,000 damaged files', (t) => {
  const outcome = runCases(10_000, (index) => {
    const [{ bytes, weights }, other] = [
      corpus[index % corpus.length]!,
      corpus[(7 * index) % corpus.length]!,
    ];
    return compile(importNetwork(mutate(bytes, index, other.bytes, weights), 'net'), index);
  });
  t.log(outcomeText(outcome));
  t.deepEqual(outcome.faults, []);
  t.true(outcome.compiled.length > 500 && outcome.codes.get('E_MODEL_FORMAT')! > 5000);
  t.true(process.resourceUsage().maxRSS * 1024 < mostBytes, `${process.resourceUsage().maxRSS} KiB`);
});

test('5,000 odd graphs; what compiles runs without undefined behaviour', async (t) => {
  const graphs = corpus.map(({ bytes }) => importNetwork(bytes, 'net'));
  const outcome = runCases(5000, (index) => {
    const graph = mutateGraph(graphs[index % graphs.length]!, index);
    checkGraph(graph);
    return compile({ ...graph, name: `net${index}` }, index);
  });
  t.log(outcomeText(outcome));
  t.deepEqual(outcome.faults, []);
  t.true(outcome.compiled.length > 500 && outcome.codes.get('E_UNSUPPORTED')! > 1000);
  t.true(process.resourceUsage().maxRSS * 1024 < mostBytes, `${process.resourceUsage().maxRSS} KiB`);

  const small = outcome.compiled.filter(({ plan }) => plan.arenaBytes < 100_000 && plan.macs < 1e6);
  const chosen = small.filter((_, index) => index % Math.floor(small.length / 120) === 0);
  const program = await HostProgram.compile(chosen);
  t.teardown(() => program.close());
  const random = new Random(3);
  const results = program.runAll(
    chosen.map(({ graph }, index) => ({
      index,
      inputs: graph.inputs.map((id) =>
        Uint8Array.from({ length: tensorBytes(graph.tensors[id]!) }, () => random.below(256)),
      ),
    })),
  );
  t.is(results.length, chosen.length);
  t.log(`${results.length} ran`);
});
