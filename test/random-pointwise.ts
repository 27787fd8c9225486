/** Random element-wise operators for kernel tests: every mix of scales that reflow accepts, broadcasts of every kind. */
import type { Attrs } from '../src/ir/graph.js';
import type { DType, Tensor } from '../src/ir/tensor.js';
import { defOf } from '../src/ops/index.js';
import type { OpView } from '../src/ops/op-def.js';
import { pick, quant, type Random, single, whole } from './random-operators.js';

const unaryKinds = [
  ['logistic', {}],
  ['tanh', {}],
  ['hard_swish', {}],
  ['relu', {}],
  ['relu6', {}],
  ['relu_n1_to_1', {}],
  ['relu_0_to_1', {}],
  ['leaky_relu', { alpha: 0.1 }],
  ['leaky_relu', { alpha: -0.7 }],
  ['abs', {}],
  ['neg', {}],
  ['quantize', {}],
] as const;

const fixedOutputs: Readonly<Record<string, { scale: number; zeroPoint: number }>> = {
  logistic: { scale: 1 / 256, zeroPoint: -128 },
  tanh: { scale: 1 / 128, zeroPoint: 0 },
};

const activations = ['none', 'none', 'relu', 'relu6', 'relu_n1_to_1'] as const;

/** A scale within a factor of 2^-reach to 2^reach of 0.05. */
const scale = (random: Random, reach: number) => 0.05 * 2 ** (reach * (2 * random() - 1));

export function randomFunction(random: Random): OpView {
  const [kind, attrs] = pick(random, unaryKinds);
  const dtypes: readonly (readonly [DType, DType])[] =
    kind === 'quantize'
      ? [
          ['int8', 'int8'],
          ['int8', 'uint8'],
          ['uint8', 'int8'],
        ]
      : [['int8', 'int8']];
  const [from, to] = pick(random, dtypes);
  const shape = [1, whole(random, 4, 7), whole(random, 5, 9), whole(random, 3, 9)];
  const fixed = fixedOutputs[kind];
  const reach = pick(random, [1, 3, 8]);
  const shifted = (dtype: DType, q: ReturnType<typeof quant>) => ({
    ...q,
    zeroPoints: q.zeroPoints.map((zero) => (dtype === 'uint8' ? zero + 128 : zero)),
  });
  const input: Tensor = {
    ...{ id: 0, name: 'in', dtype: from, shape, data: null },
    quant: shifted(from, quant(random, scale(random, reach))),
  };
  const out = fixed
    ? { scales: [fixed.scale], zeroPoints: [fixed.zeroPoint], axis: null }
    : shifted(to, quant(random, scale(random, reach)));
  return accepted(single(kind, [input], out, attrs as Attrs, to), () => randomFunction(random));
}

export function randomSoftmax(random: Random): OpView {
  const shape = pick(random, [
    [whole(random, 1, 5), whole(random, 1, 40)],
    [1, whole(random, 1, 4), whole(random, 1, 4), whole(random, 1, 15)],
  ]);
  const input: Tensor = {
    ...{ id: 0, name: 'in', dtype: 'int8' as const, shape, data: null },
    quant: quant(random, scale(random, pick(random, [1, 4, 8]))),
  };
  const wide = random() < 0.3;
  const out = wide
    ? { scales: [1 / 65536], zeroPoints: [-32768], axis: null }
    : { scales: [1 / 256], zeroPoints: [-128], axis: null };
  const attrs = { beta: pick(random, [1, 1, 0.5, 3]) };
  return accepted(single('softmax', [input], out, attrs, wide ? 'int16' : 'int8'), () =>
    randomSoftmax(random),
  );
}

/** Two operands that broadcast: of one shape, one a channel vector, a column, one element, or each larger in its own way. */
export const randomBinary =
  (...kinds: readonly string[]) =>
  (random: Random): OpView => {
    const [h, w, c] = [whole(random, 1, 5), whole(random, 1, 7), whole(random, 1, 11)];
    const full = [1, h, w, c];
    const part = pick(random, [full, full, [c], [1, 1, 1, c], [1, h, w, 1], [1, 1, 1, 1], [1, h, 1, c], []]);
    const other = pick(random, [full, full, [1, 1, w, c], [1, h, w, 1]]);
    const [a, b] = random() < 0.5 ? [part, other] : [other, part];
    const reach = pick(random, [0, 1, 3, 7]);
    const operand = (id: number, shape: readonly number[]): Tensor => ({
      ...{ id, name: `t${id}`, dtype: 'int8' as const, shape, data: null },
      quant: quant(random, scale(random, random() < 0.2 ? 0 : reach)),
    });
    const attrs = { activation: pick(random, activations) };
    const kind = pick(random, kinds);
    return accepted(
      single(kind, [operand(0, a), operand(1, b)], quant(random, scale(random, reach)), attrs),
      () => randomBinary(...kinds)(random),
    );
  };

/** The operator, or another one if reflow refuses this one. */
function accepted(view: OpView, again: () => OpView): OpView {
  return refuses(view) ? again() : view;
}

function refuses(view: OpView): boolean {
  try {
    return defOf(view.op).refuse(view) !== null;
  } catch {
    return true;
  }
}
