import test, { type ExecutionContext } from 'ava';
import { generatedInputs } from '../src/flow/network-inputs.js';
import type { Graph } from '../src/ir/graph.js';
import type { KernelSet } from '../src/ops/op-def.js';
import { withoutKeys } from '../src/passes/without-keys.js';
import { checkPlan } from '../src/plan/check-plan.js';
import { planGraph } from '../src/plan/plan-graph.js';
import { HostProgram, type RunnableNetwork } from './host-runner.js';
import { planOptions } from './plan-options.js';
import {
  fused,
  layerByLayer,
  packedAttention,
  smallTransformers,
  transformer,
} from './transformer-networks.js';

const planned = (graph: Graph, kernelSets: readonly KernelSet[]): RunnableNetwork => {
  const plan = planGraph(graph, { ...planOptions, kernelSets });
  checkPlan(graph, plan);
  return { graph, plan };
};

/** One operator a block with either kernels against layer by layer, every tensor that all of them have. */
async function compareKernels(t: ExecutionContext, imported: Graph): Promise<void> {
  const graph = fused(imported);
  t.true(graph.ops.some((op) => op.kind === 'attention_block'));
  t.false(graph.ops.some((op) => op.kind === 'softmax' || op.kind === 'gelu'));
  const networks = [
    planned(layerByLayer(imported), ['ref']),
    planned(graph, ['ref']),
    planned({ ...graph, name: `${graph.name}_dsp` }, ['dsp', 'ref']),
  ];
  const program = await HostProgram.compile(networks, { poison: true });
  try {
    for (const seed of [1, 2]) {
      const inputs = generatedInputs(imported, seed);
      const [layers, whole, fast] = networks.map((_, network) => program.run(network, inputs));
      t.true(new Set(layers!.tensors.get(imported.outputs[0]!)).size > 2, 'the outputs differ');
      for (const id of graph.ops.flatMap((op) => op.outputs)) {
        t.deepEqual(whole!.tensors.get(id), layers!.tensors.get(id), `reference, tensor ${id}`);
        t.deepEqual(fast!.tensors.get(id), layers!.tensors.get(id), `DSP, tensor ${id}`);
      }
    }
  } finally {
    program.close();
  }
}

for (const [index, fields] of smallTransformers.entries())
  test(`blocks as one operator give what their layers give one by one, with either kernels: ${index}`, (t) =>
    compareKernels(t, transformer(`vit${index}`, fields)));

test('queries, keys and values out of one layer, keys turned: the same', (t) =>
  compareKernels(t, packedAttention('packed')));

test('attention whose inside is used outside stays as it is', (t) => {
  const graph = packedAttention('open');
  const scores = graph.ops.find((op) => op.kind === 'batch_matmul')!.outputs[0]!;
  const open = fused({ ...graph, outputs: [...graph.outputs, scores] });
  t.false(open.ops.some((op) => op.kind === 'attention_block'));
});

/** Root mean square of the differences of two int8 tensors, and of the first by itself. */
function compare(a: Uint8Array, b: Uint8Array): { readonly error: number; readonly size: number } {
  const [x, y] = [new Int8Array(a), new Int8Array(b)];
  const rms = (value: (index: number) => number) =>
    Math.sqrt(x.reduce((sum, _, index) => sum + value(index) ** 2, 0) / x.length);
  return { error: rms((index) => x[index]! - y[index]!), size: rms((index) => x[index]!) };
}

test('attention without keys and values differs by rounding alone', async (t) => {
  for (const [index, fields] of smallTransformers.entries()) {
    const graph = fused(transformer(`keys${index}`, fields));
    const free = { ...withoutKeys(graph), name: `free${index}` };
    const first = free.ops.find((op) => op.kind === 'attention_kv_free');
    t.truthy(first);
    const networks = [planned(graph, ['ref']), planned(free, ['ref'])];
    const program = await HostProgram.compile(networks, { poison: true });
    try {
      const inputs = generatedInputs(graph, 3);
      const [exact, other] = [0, 1].map((network) => program.run(network, inputs));
      const id = first!.outputs[0]!;
      const { error, size } = compare(exact!.tensors.get(id)!, other!.tensors.get(id)!);
      t.log(`${index}: rms of differences ${error.toFixed(2)}, of values ${size.toFixed(1)}`);
      t.true(error < 0.05 * size && error < 1.2, `${error} of ${size}`);
    } finally {
      program.close();
    }
  }
});
