import test from 'ava';
import { generatedInputs } from '../src/flow/network-inputs.js';
import type { Graph } from '../src/ir/graph.js';
import type { KernelSet } from '../src/ops/op-def.js';
import { checkPlan } from '../src/plan/check-plan.js';
import { planGraph } from '../src/plan/plan-graph.js';
import { HostProgram, type RunnableNetwork } from './host-runner.js';
import { planOptions } from './plan-options.js';
import { fused, layerByLayer, smallTransformers, transformer } from './transformer-networks.js';

const planned = (graph: Graph, kernelSets: readonly KernelSet[]): RunnableNetwork => {
  const plan = planGraph(graph, { ...planOptions, kernelSets });
  checkPlan(graph, plan);
  return { graph, plan };
};

test('blocks as one operator give what their layers give one by one, with either kernels', async (t) => {
  for (const [index, fields] of smallTransformers.entries()) {
    const imported = transformer(`vit${index}`, fields);
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
        t.true(new Set(layers!.tensors.get(imported.outputs[0]!)).size > 2, `${index}: the outputs differ`);
        for (const id of graph.ops.flatMap((op) => op.outputs)) {
          t.deepEqual(whole!.tensors.get(id), layers!.tensors.get(id), `${index}: reference, tensor ${id}`);
          t.deepEqual(fast!.tensors.get(id), layers!.tensors.get(id), `${index}: DSP, tensor ${id}`);
        }
      }
    } finally {
      program.close();
    }
  }
});
