/** The two networks of tools/train-shapes, imported from .onnx, on pictures that they have not seen. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { importOnnx } from '../src/import/onnx.js';
import { HostProgram } from './host-runner.js';
import { planOptions } from './plan-options.js';
import { root } from './repository.js';

const [count, seed, pixels] = [150, 3, 32 * 32];

/** What comes behind the header of a .npy file. */
function npyData(path: string, bytes: number): Uint8Array {
  return new Uint8Array(readFileSync(path).subarray(-bytes));
}

function drawnShapes(): { images: Uint8Array; labels: Uint8Array } {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-shapes-'));
  try {
    const script = join(root, 'tools/train-shapes/write-shapes.mjs');
    execFileSync(process.execPath, [script, folder, String(count), String(seed)]);
    return {
      images: npyData(join(folder, 'images.npy'), 4 * count * pixels),
      labels: npyData(join(folder, 'labels.npy'), count),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const shapes = drawnShapes();

for (const name of ['shapes-resnet', 'shapes-vit'])
  test(`${name} reads pictures as well as it did in training`, async (t) => {
    const bytes = new Uint8Array(readFileSync(join(root, 'networks', `${name}.onnx`)));
    const graph = prepareGraph(importOnnx(bytes, name.replace('-', '_')).graph);
    const program = await HostProgram.compile([{ graph, plan: planNetwork(graph, planOptions) }]);
    t.teardown(() => program.close());
    const jobs = Array.from({ length: count }, (_, at) => ({
      index: 0,
      inputs: [shapes.images.subarray(4 * at * pixels, 4 * (at + 1) * pixels)],
    }));
    const hits = program.runAll(jobs).filter(({ outputs }, at) => {
      const scores = new Float32Array(outputs[0]!.buffer);
      return scores.indexOf(Math.max(...scores)) === shapes.labels[at];
    });
    const { validationAccuracy } = JSON.parse(readFileSync(join(root, 'networks', `${name}.json`), 'utf8'));
    const accuracy = hits.length / count;
    t.log(`${accuracy} of ${count} pictures; ${validationAccuracy} in training`);
    // Three standard deviations of so few pictures.
    const spread = 3 * Math.sqrt((validationAccuracy * (1 - validationAccuracy)) / count);
    t.true(Math.abs(accuracy - validationAccuracy) <= spread + 1 / count);
  });
