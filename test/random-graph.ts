/** Random int8 networks with all that makes memory plans hard: branches, residuals, odd shapes, several inputs and outputs. */
import type { Graph } from '../src/ir/graph.js';
import type { TensorId } from '../src/ir/tensor.js';
import { GraphBuilder, randomNumbers } from './graph-builder.js';

/** @param most operators, about */
export function randomGraph(seed: number, most = 12): Graph {
  const random = randomNumbers(seed);
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const b = new GraphBuilder(`random${seed}`, random);
  const tensors: TensorId[] = [b.input(1, 3 + below(14), 1 + below(12), 1 + below(8))];
  if (random() < 0.2) tensors.push(b.input(1, 3 + below(10), 1 + below(8), 1 + below(8)));
  const unread = new Set(tensors);
  const use = (...ids: TensorId[]) => {
    for (const id of ids) unread.delete(id);
    return ids[0]!;
  };
  const alike = (id: TensorId, axes: readonly number[]) =>
    tensors.filter((other) => axes.every((axis) => b.shape(other)[axis] === b.shape(id)[axis]));
  const window = (id: TensorId) => {
    const [, h = 1, w = 1] = b.shape(id);
    const valid = random() < 0.3;
    const [kh, kw] = valid
      ? [1 + below(Math.min(h, 4)), 1 + below(Math.min(w, 4))]
      : [1 + below(5), 1 + below(5)];
    return { kh, kw, options: { stride: 1 + below(3), padding: valid ? 'valid' : 'same' } as const };
  };
  const moves: ((id: TensorId) => TensorId)[] = [
    (id) => b.conv(use(id), 1 + below(12), 1, 1, { activation: pick(['none', 'relu', 'relu6']) }),
    (id) => {
      const { kh, kw, options } = window(id);
      return b.conv(use(id), 1 + below(12), kh, kw, options);
    },
    (id) => {
      const { kh, kw, options } = window(id);
      return b.depthwise(use(id), kh, kw, { ...options, multiplier: random() < 0.2 ? 2 : 1 });
    },
    (id) => b.depthwise(use(id), 3, 3),
    (id) => {
      const { kh, kw, options } = window(id);
      return b.pool(pick(['average_pool2d', 'max_pool2d']), use(id), kh, kw, options);
    },
    (id) => {
      const other = pick(alike(id, [1, 2, 3]));
      return b.add(use(id, other), other);
    },
    (id) => {
      const other = pick(alike(id, [1, 2]));
      return b.concat([use(id, other), other]);
    },
    (id) => {
      const gate = b.conv(b.globalPool(id), b.shape(id)[3]!, 1, 1);
      return b.mul(use(id), b.logistic(gate));
    },
    (id) => b.resize(use(id), b.shape(id)[1]! * (1 + below(2)), b.shape(id)[2]! * (1 + below(2))),
    (id) => b.logistic(use(id)),
  ];
  for (let count = 2 + below(most - 1); count > 0; count--) {
    // Mostly onwards, now and then from somewhere before: that makes branches.
    const from = random() < 0.7 ? tensors.at(-1)! : pick(tensors);
    const [, h = 1, w = 1, c = 1] = b.shape(from);
    const made = pick(h * w * c > 6000 ? moves.slice(0, 1) : moves)(from);
    tensors.push(made);
    unread.add(made);
  }
  const inputs = tensors.slice(0, 2);
  const ends = [...unread].map((id) => (inputs.includes(id) ? b.conv(id, 2, 1, 1) : id));
  const head = random() < 0.5 ? ends.pop()! : null;
  return b.build(...ends, ...(head === null ? [] : [b.fullyConnected(b.globalPool(head), 1 + below(8))]));
}
