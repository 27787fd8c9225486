/** Quantising the trained ResNet of networks/: accuracy, the .rfq file as a network, a spoiled layer, bad data. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { ReflowError } from '../src/base/error.js';
import { importNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import { onHost } from '../src/flow/host-network.js';
import { inspect } from '../src/flow/inspect.js';
import { silent } from '../src/flow/progress.js';
import { quantize } from '../src/flow/quantize.js';
import { type Graph, tensorOf } from '../src/ir/graph.js';
import type { TensorId } from '../src/ir/tensor.js';
import { LayerComparison, worstLayer } from '../src/quantize/layer-loss.js';
import { quantizeGraph } from '../src/quantize/quantize-graph.js';
import { ValueHistogram } from '../src/quantize/value-histogram.js';
import { root } from './repository.js';

const folder = mkdtempSync(join(tmpdir(), 'reflow-quantize-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const network = join(root, 'networks/shapes-resnet.onnx');
const out = join(folder, 'net.rfq');
const data = join(folder, 'data');
const request = { network, data, calibration: 'mse', biasCorrection: true, samples: 24, out } as const;

interface Shapes {
  drawMany(count: number, seed: number): { readonly pixels: Uint8Array; readonly labels: Uint8Array };
}

async function pictures(count: number): Promise<{ values: Float32Array; label: number }[]> {
  const shapes: Shapes = await import(pathToFileURL(join(root, 'tools/train-shapes/shapes.mjs')).href);
  const { pixels, labels } = shapes.drawMany(count, 5);
  return Array.from(labels, (label, at) => ({
    values: Float32Array.from(pixels.subarray(at * 1024, at * 1024 + 1024), (x) => (x - 128) / 128),
    label,
  }));
}

test.before(async () => {
  mkdirSync(data);
  for (const [at, { values, label }] of (await pictures(24)).entries())
    writeFileSync(
      join(data, `${String(at).padStart(3, '0')}_label${label}.bin`),
      new Uint8Array(values.buffer),
    );
});

const read = (path: string): Graph => prepareGraph(importNetwork(readFileSync(path), 'net'));

test.serial(
  'quantised as well as float, every operator in integers, and the file is a network',
  async (t) => {
    const result = await quantize(request, silent);
    t.deepEqual(result.inFloat, []);
    t.true(result.accuracy!.float > 0.8);
    t.true(result.accuracy!.float - result.accuracy!.int8 < 0.05);
    for (const { sqnrDb, label } of result.layers) t.true(sqnrDb > 25, `${label} ${sqnrDb}`);
    const { format, unsupported, weightBytes } = await inspect({ network: out }, silent);
    t.deepEqual([format, unsupported], ['rfq', []]);
    t.true(weightBytes < 60_000);
  },
);

test.serial('when the scale of one layer is spoiled, the report names that layer', async (t) => {
  const graph = read(network);
  const samples = (await pictures(2)).map(({ values }) => values);
  await onHost(graph, async (float) => {
    const wanted: ReadonlyMap<TensorId, Uint8Array>[] = [];
    for (const values of samples) wanted.push(await float.layers([new Uint8Array(values.buffer)]));
    const made = (spoiledTensor: TensorId | null) => {
      const seen = new Map<TensorId, ValueHistogram>();
      for (const [at, layers] of wanted.entries())
        for (const [id, bytes] of [
          ...layers,
          [graph.inputs[0]!, new Uint8Array(samples[at]!.buffer)] as const,
        ]) {
          const histogram = seen.get(id) ?? new ValueHistogram(tensorOf(graph, id).shape.at(-1)!);
          histogram.add(new Float32Array(bytes.slice().buffer));
          seen.set(id, histogram);
        }
      if (spoiledTensor !== null) seen.get(spoiledTensor)!.max *= 16;
      return quantizeGraph(graph, seen, { calibration: 'min-max', biasCorrection: true }).graph;
    };
    const worstOf = async (quantised: Graph) => {
      const comparison = new LayerComparison(quantised);
      const { scales, zeroPoints } = tensorOf(quantised, quantised.inputs[0]!).quant!;
      await onHost(quantised, async (rounded) => {
        for (const [at, values] of samples.entries()) {
          const q = Int8Array.from(values, (x) =>
            Math.max(-128, Math.min(127, Math.round(x / scales[0]!) + zeroPoints[0]!)),
          );
          comparison.add(wanted[at]!, await rounded.layers([new Uint8Array(q.buffer)]));
        }
      });
      return worstLayer(comparison.layers());
    };
    for (const position of [4, 9]) {
      const op = graph.ops[position]!;
      const worst = await worstOf(made(op.outputs[0]!));
      t.is(worst?.op, op.id);
      t.not(worst?.advice, '');
    }
    const whole = made(null);
    const op = whole.ops[6]!;
    const tensors = whole.tensors.map((tensor) =>
      tensor.id === op.inputs[1]
        ? { ...tensor, quant: { ...tensor.quant!, scales: tensor.quant!.scales.map((scale) => 4 * scale) } }
        : tensor,
    );
    t.is((await worstOf({ ...whole, tensors }))?.op, op.id, 'weights');
  });
});

const bad: readonly [what: string, file: string, contents: Uint8Array, line: RegExp][] = [
  ['NaN', 'a.bin', new Uint8Array(new Float32Array(1024).fill(Number.NaN).buffer), /^E_INPUT: .*number/],
  ['infinity', 'a.bin', new Uint8Array(new Float32Array(1024).fill(Infinity).buffer), /^E_INPUT: .*finite/],
  ['a wrong shape', 'a.bin', new Uint8Array(100), /^E_INPUT: a.bin: /],
  ['no samples', 'a.txt', new Uint8Array(1), /^E_INPUT: .* has no samples/],
];
for (const [what, file, contents, line] of bad)
  test(`bad data: ${what}`, async (t) => {
    const place = join(folder, what.replaceAll(' ', '-'));
    mkdirSync(place);
    writeFileSync(join(place, file), contents);
    const error = await t.throwsAsync(quantize({ ...request, data: place }, silent), {
      instanceOf: ReflowError,
    });
    t.regex(error.line, line);
  });

test('bad data: an .npz that is none, and a folder that is not there', async (t) => {
  const npz = join(folder, 'x.npz');
  writeFileSync(npz, 'PK nothing');
  for (const path of [npz, join(folder, 'nowhere')]) {
    const error = await t.throwsAsync(quantize({ ...request, data: path }, silent), {
      instanceOf: ReflowError,
    });
    t.is(error.code, 'E_INPUT');
  }
});
