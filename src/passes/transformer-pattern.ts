/** Finds the residual blocks of a transformer in a graph of single layers. */
import { type Graph, type Op, tensorOf } from '../ir/graph.js';
import { constantIntegers, elementCount, type Tensor, type TensorId } from '../ir/tensor.js';

/** A block: all of its operators, the last of which adds its result to `input`. */
export interface AttentionLayers {
  readonly kind: 'attention';
  readonly input: TensorId;
  readonly ops: readonly Op[];
  readonly norm: Op;
  readonly query: Op;
  readonly key: Op;
  readonly value: Op;
  readonly scores: Op;
  readonly softmax: Op;
  readonly mix: Op;
  readonly project: Op;
  readonly add: Op;
}

export interface MlpLayers {
  readonly kind: 'mlp';
  readonly input: TensorId;
  readonly ops: readonly Op[];
  readonly norm: Op;
  readonly expand: Op;
  readonly activation: Op;
  readonly contract: Op;
  readonly add: Op;
}

/** What makes the tokens of an image: its pixels, a class token before them, and a position for each. */
export interface EmbeddingLayers {
  readonly kind: 'embedding';
  readonly input: TensorId;
  readonly ops: readonly Op[];
  readonly classToken: TensorId | null;
  readonly positions: TensorId;
  readonly add: Op;
}

export type TransformerLayers = AttentionLayers | MlpLayers | EmbeddingLayers;

/** Walks from results to what they are made of; every step fails where the graph is not as expected. */
export class PatternFinder {
  readonly #producers = new Map<TensorId, Op>();
  readonly #uses = new Map<TensorId, number>();

  constructor(private readonly graph: Graph) {
    for (const op of graph.ops) {
      for (const id of op.outputs) this.#producers.set(id, op);
      for (const id of op.inputs) if (id !== null) this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1);
    }
    for (const id of graph.outputs) this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1);
  }

  /** The block that this addition ends, or null. */
  blockOf(add: Op): TransformerLayers | null {
    if (add.kind !== 'add' || add.attrs.activation !== 'none') return null;
    for (const [input, branch] of [add.inputs, add.inputs.toReversed()]) {
      if (input == null || branch == null || !this.#sameShape(input, branch)) continue;
      const block = this.#attention(add, input, branch) ?? this.#mlp(add, input, branch);
      if (block && this.#usesOf(input) === 2) return block;
    }
    return this.#embedding(add);
  }

  #embedding(add: Op): EmbeddingLayers | null {
    const [from, positions] = add.inputs;
    const joined = this.#made(from, ['concatenation']);
    const classToken = joined?.inputs[0] ?? null;
    if (joined && !(joined.inputs.length === 2 && joined.attrs.axis === 1 && this.#isConstant(classToken)))
      return null;
    const reshape = this.#made(joined ? joined.inputs[1] : from, ['reshape']);
    const input = reshape?.inputs[0];
    if (!reshape || input == null || positions == null || !this.#isConstant(positions)) return null;
    const [image, tokens] = [
      tensorOf(this.graph, input).shape,
      tensorOf(this.graph, reshape.outputs[0]!).shape,
    ];
    const [, h = 1, w = 1, c = 1] = image;
    const sum = tensorOf(this.graph, add.outputs[0]!).shape;
    if (image.length !== 4 || image[0] !== 1 || tokens.join() !== `1,${h * w},${c}`) return null;
    if (sum.join() !== `1,${h * w + (joined ? 1 : 0)},${c}`) return null;
    if (elementCount(tensorOf(this.graph, positions).shape) !== elementCount(sum)) return null;
    const ops = joined ? [reshape, joined, add] : [reshape, add];
    return { kind: 'embedding', input, ops, classToken, positions, add };
  }

  #mlp(add: Op, input: TensorId, branch: TensorId): MlpLayers | null {
    const contract = this.#linear(branch);
    const activation = contract && this.#made(contract.inputs[0], ['gelu', 'silu']);
    const expand = activation && this.#linear(activation.inputs[0]);
    const norm = expand && this.#made(expand.inputs[0], ['layer_norm']);
    if (!norm || norm.inputs[0] !== input) return null;
    const ops = [norm, expand, activation, contract, add];
    return { kind: 'mlp', input, ops, norm, expand, activation, contract, add };
  }

  #attention(add: Op, input: TensorId, branch: TensorId): AttentionLayers | null {
    const project = this.#linear(branch);
    const merge = project && this.#made(project.inputs[0], ['reshape']);
    const unite = merge && this.#swap(merge.inputs[0]);
    const mix = unite && this.#made(unite.inputs[0], ['batch_matmul']);
    const softmax = mix && this.#made(mix.inputs[0], ['softmax']);
    const scores = softmax && this.#made(softmax.inputs[0], ['batch_matmul']);
    if (!scores || scores.attrs.adjX || !scores.attrs.adjY || mix.attrs.adjX || mix.attrs.adjY) return null;
    const roles = [scores.inputs[0], scores.inputs[1], mix.inputs[1]].map((id) => this.#headsOf(id));
    const [query, key, value] = roles;
    if (!query || !key || !value) return null;
    const normed = query.linear.inputs[0]!;
    const norm = this.#producers.get(normed);
    const shared = [key, value].every(({ linear }) => linear.inputs[0] === normed);
    if (!shared || norm?.kind !== 'layer_norm' || norm.inputs[0] !== input || this.#usesOf(normed) !== 3)
      return null;
    const ops = [norm, ...[query, key, value].flatMap((role) => role.ops)];
    return {
      kind: 'attention',
      input,
      ops: [...ops, scores, softmax, mix, unite, merge, project, add],
      norm,
      query: query.linear,
      key: key.linear,
      value: value.linear,
      ...{ scores, softmax, mix, project, add },
    };
  }

  /** A dense layer whose outputs are cut into heads: [1, N, h d] to [1, N, h, d] to [1, h, N, d]. */
  #headsOf(id: TensorId | null | undefined): { linear: Op; ops: readonly Op[] } | null {
    const swap = this.#swap(id);
    const split = swap && this.#made(swap.inputs[0], ['reshape']);
    const linear = split && this.#linear(split.inputs[0]);
    return linear ? { linear, ops: [linear, split, swap] } : null;
  }

  /** A transposition of the middle two of four axes, the first of which has length 1. */
  #swap(id: TensorId | null | undefined): Op | null {
    const op = this.#made(id, ['transpose']);
    const order = op && this.#constant(op.inputs[1]);
    if (order?.join() !== '0,2,1,3') return null;
    return tensorOf(this.graph, op!.inputs[0]!).shape[0] === 1 ? op : null;
  }

  #linear(id: TensorId | null | undefined): Op | null {
    const op = this.#made(id, ['fully_connected']);
    return op && op.attrs.activation === 'none' && op.attrs.keepDims ? op : null;
  }

  /** The operator of one of these kinds that makes a tensor which only one operator reads. */
  #made(id: TensorId | null | undefined, kinds: readonly string[]): Op | null {
    if (id == null || this.#usesOf(id) !== 1) return null;
    const op = this.#producers.get(id);
    return op && kinds.includes(op.kind) ? op : null;
  }

  #usesOf(id: TensorId): number {
    return this.#uses.get(id) ?? 0;
  }

  #isConstant(id: TensorId | null): boolean {
    return id !== null && tensorOf(this.graph, id).data !== null;
  }

  #sameShape(a: TensorId, b: TensorId): boolean {
    const [left, right] = [tensorOf(this.graph, a), tensorOf(this.graph, b)];
    return left.data === null && right.data === null && left.shape.join() === right.shape.join();
  }

  #constant(id: TensorId | null | undefined): number[] | null {
    const tensor: Tensor | null = id == null ? null : tensorOf(this.graph, id);
    return tensor === null || tensor.data === null ? null : constantIntegers(tensor);
  }
}
