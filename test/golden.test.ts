/** The networks in ../shared/models against TensorFlow Lite Micro, every layer of the first vector included. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { importNetwork, planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { HostProgram, repositoryRoot } from './host-runner.js';
import { planOptions } from './plan-options.js';

interface Model {
  readonly file: string;
  readonly vectors: readonly { readonly in: { file: string }[]; readonly out: { file: string }[] }[];
}

const shared = join(repositoryRoot, '../shared');
const manifest = join(shared, 'golden/manifest.json');
const models: Record<string, Model> = existsSync(manifest)
  ? JSON.parse(readFileSync(manifest, 'utf8')).models
  : {};

if (Object.keys(models).length === 0) test.skip('golden vectors: ../shared/golden is not here', () => {});

const plans = [
  { objective: 'balanced', input: 'resident', kernelSets: ['ref'] },
  { objective: 'balanced', input: 'streamed', kernelSets: ['ref'] },
  { objective: 'speed', input: 'resident', kernelSets: ['ref'] },
  { objective: 'balanced', input: 'streamed', kernelSets: ['dsp', 'ref'] },
  { objective: 'balanced', input: 'resident', kernelSets: ['dsp', 'ref'] },
  { objective: 'speed', input: 'resident', kernelSets: ['dsp', 'ref'] },
] as const;

/** Streaming feeds one image; the other networks have none. */
const streamable = new Set(['kws', 'ic', 'vww96', 'mcunet_vww80']);

for (const [name, model] of Object.entries(models)) {
  for (const options of plans) {
    if (options.input === 'streamed' && !streamable.has(name)) continue;
    testGolden(name, model, options);
  }
}

function testGolden(name: string, model: Model, options: (typeof plans)[number]): void {
  test(`${name} equals its golden vectors, layer by layer: ${options.objective}, ${options.input}, ${options.kernelSets[0]}`, async (t) => {
    const graph = prepareGraph(importNetwork(readFileSync(join(shared, model.file)), name));
    const plan = planNetwork(graph, { ...planOptions, ...options });
    const program = await HostProgram.compile([{ graph, plan }]);
    t.teardown(() => program.close());
    const golden = (file: string) => new Uint8Array(readFileSync(join(shared, 'golden', name, file)));
    const runs = model.vectors.map((vector) =>
      program.run(
        0,
        vector.in.map(({ file }) => golden(file)),
      ),
    );
    for (const [index, vector] of model.vectors.entries()) {
      for (const [position, { file }] of vector.out.entries())
        t.deepEqual(runs[index]!.outputs[position], golden(file), file);
    }
    const layers = readdirSync(join(shared, 'golden', name, 'layers1'));
    const mine = layers.map((file) => runs[0]!.tensors.get(Number(/^t(\d+)_/.exec(file)![1])));
    for (const [index, file] of layers.entries())
      if (mine[index]) t.deepEqual(mine[index], golden(`layers1/${file}`), file);
    const compared = mine.filter((layer) => layer !== undefined).length;
    t.true(compared >= graph.ops.length - 1, `${compared} layers of ${graph.ops.length} compared`);
  });
}
