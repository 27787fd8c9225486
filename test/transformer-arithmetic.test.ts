import test from 'ava';
import { generatedInputs } from '../src/flow/network-inputs.js';
import { NetworkWriter, scaleFor } from '../src/import/arch/network-writer.js';
import { type Graph, tensorOf } from '../src/ir/graph.js';
import { constantValues, type TensorId } from '../src/ir/tensor.js';
import { erfc } from '../src/ops/erfc.js';
import { planGraph } from '../src/plan/plan-graph.js';
import { HostProgram } from './host-runner.js';
import { planOptions } from './plan-options.js';

/** A graph of one operator on rows of `depth` numbers. */
function single(
  name: string,
  depth: number,
  make: (writer: NetworkWriter, input: TensorId) => TensorId,
): Graph {
  const writer = new NetworkWriter(name, depth);
  const input = writer.input([1, 24, 1, depth]);
  return writer.build(input, make(writer, input));
}

/** Largest distance of the operator's results from the real function of its inputs, in units of the output's scale. */
async function worst(graph: Graph, real: (row: readonly number[]) => readonly number[]): Promise<number> {
  const program = await HostProgram.compile([{ graph, plan: planGraph(graph, planOptions) }]);
  try {
    let largest = 0;
    const [input, output] = [tensorOf(graph, graph.inputs[0]!), tensorOf(graph, graph.outputs[0]!)];
    const depth = input.shape.at(-1)!;
    const reals = (bytes: Uint8Array, { quant }: typeof input) =>
      Array.from(new Int8Array(bytes), (q) => quant!.scales[0]! * (q - quant!.zeroPoints[0]!));
    const { scales, zeroPoints } = output.quant!;
    const reach = (q: number) => scales[0]! * (q - zeroPoints[0]!);
    for (const seed of [1, 2, 3]) {
      const inputs = generatedInputs(graph, seed);
      const results = reals(program.run(0, inputs).outputs[0]!, output);
      const values = reals(inputs[0]!, input);
      for (let row = 0; row < 24; row++) {
        const at = Array.from({ length: depth }, (_, index) => row * depth + index);
        const wanted = real(at.map((index) => values[index]!));
        for (const [index, place] of at.entries()) {
          const clamped = Math.max(reach(-128), Math.min(reach(127), wanted[index]!));
          largest = Math.max(largest, Math.abs(results[place]! - clamped) / scales[0]!);
        }
      }
    }
    return largest;
  } finally {
    program.close();
  }
}

for (const depth of [16, 168, 192, 384, 768]) {
  test(`layer norm of ${depth} numbers is within 0.51 units of the real function`, async (t) => {
    const graph = single(`norm${depth}`, depth, (writer, input) => writer.layerNorm('norm', input));
    const [, scale, bias] = graph.ops[0]!.inputs.map((id) => constantValues(tensorOf(graph, id!)));
    const error = await worst(graph, (row) => {
      const mean = row.reduce((sum, x) => sum + x, 0) / depth;
      const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / depth;
      return row.map((x, i) => ((x - mean) / Math.sqrt(variance + 1e-6)) * scale![i]! + bias![i]!);
    });
    t.log(error.toFixed(3));
    t.true(error > 0 && error <= 0.51);
  });
}

const functions = {
  gelu: { attrs: { approximate: false }, real: (x: number) => 0.5 * x * erfc(-x * Math.SQRT1_2) },
  silu: { attrs: { slope: 1.702 }, real: (x: number) => x / (1 + Math.exp(-1.702 * x)) },
};

for (const [kind, { attrs, real }] of Object.entries(functions)) {
  test(`${kind} by its table is within half a unit`, async (t) => {
    const graph = single(kind, 64, (writer, input) =>
      writer.op(kind, kind, [input], writer.shape(input), scaleFor(0.4), attrs),
    );
    const error = await worst(graph, (row) => row.map(real));
    t.log(error.toFixed(3));
    t.true(error > 0 && error <= 0.501);
  });
}

test('the sigmoid form of GELU is within 0.021 of GELU', (t) => {
  let largest = 0;
  for (let x = -8; x <= 8; x += 0.01)
    largest = Math.max(largest, Math.abs(functions.gelu.real(x) - functions.silu.real(x)));
  t.log(largest.toFixed(4));
  t.true(largest < 0.021);
});

test('softmax of 197 scores is within 0.51 units of 1/256', async (t) => {
  const unit = { scales: [1 / 256], zeroPoints: [-128], axis: null };
  const graph = single('softmax', 197, (writer, input) =>
    writer.op('softmax', 'softmax', [input], writer.shape(input), unit, { beta: 4 }),
  );
  const error = await worst(graph, (row) => {
    const max = Math.max(...row);
    const powers = row.map((x) => Math.exp(4 * (x - max)));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  });
  t.log(error.toFixed(3));
  t.true(error > 0 && error <= 0.51);
});
