/** Finds the residual blocks of a transformer in a graph of single layers. */
import { type Graph, type Op, tensorOf } from '../ir/graph.js';
import { elementCount, type TensorId } from '../ir/tensor.js';
import { traceMovement } from './trace-movement.js';

/** A dense layer, some of whose outputs are queries, keys or values of all heads. */
export interface HeadsLayer {
  readonly linear: Op;
  /** The first of those outputs. */
  readonly first: number;
}

/** A block: all of its operators, the last of which adds its result to `input`. */
export interface AttentionLayers {
  readonly kind: 'attention';
  readonly input: TensorId;
  readonly ops: readonly Op[];
  readonly norm: Op;
  readonly query: HeadsLayer;
  readonly key: HeadsLayer;
  readonly value: HeadsLayer;
  readonly heads: number;
  /** Outputs of all heads. */
  readonly width: number;
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
  readonly #readers = new Map<TensorId, Op[]>();

  constructor(private readonly graph: Graph) {
    for (const op of graph.ops) {
      for (const id of op.outputs) this.#producers.set(id, op);
      for (const id of new Set(op.inputs))
        if (id !== null) this.#readers.set(id, [...(this.#readers.get(id) ?? []), op]);
    }
  }

  /** The block that this addition ends, or null. */
  blockOf(add: Op): TransformerLayers | null {
    if (add.kind !== 'add' || add.attrs.activation !== 'none') return null;
    if (tensorOf(this.graph, add.outputs[0]!).dtype !== 'int8') return null;
    for (const [input, branch] of [add.inputs, add.inputs.toReversed()]) {
      if (input == null || branch == null || !this.#sameShape(input, branch)) continue;
      const block = this.#attention(add, input, branch) ?? this.#mlp(add, input, branch);
      if (block && this.#isClosed(block)) return block;
    }
    const embedding = this.#embedding(add);
    return embedding && this.#isClosed(embedding) ? embedding : null;
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
    const united = project && this.#trace(project.inputs[0]);
    const mix = united && this.#made(united.source, ['batch_matmul']);
    const softmax = mix && this.#made(mix.inputs[0], ['softmax']);
    const scores = softmax && this.#made(softmax.inputs[0], ['batch_matmul']);
    if (!scores || scores.attrs.adjX || mix.attrs.adjX || mix.attrs.adjY) return null;
    const [tokens, headDim] = tensorOf(this.graph, scores.inputs[0]!).shape.slice(-2);
    const heads = elementCount(tensorOf(this.graph, scores.inputs[0]!).shape) / (tokens! * headDim!);
    const sizes: HeadSizes = { tokens: tokens!, heads, headDim: headDim! };
    const width = heads * headDim!;
    const inOrder = (head: number, token: number, c: number) => token * width + head * headDim! + c;
    const result = united.positions;
    if (!everyElement(sizes, false, (h, n, c, at) => result[inOrder(h, n, c)] === at)) return null;
    const roles = [
      this.#headsOf(scores.inputs[0], sizes, false),
      this.#headsOf(scores.inputs[1], sizes, !scores.attrs.adjY),
      this.#headsOf(mix.inputs[1], sizes, false),
    ];
    const [query, key, value] = roles;
    if (!query || !key || !value) return null;
    const normed = query.linear.inputs[0]!;
    const norm = this.#made(normed, ['layer_norm']);
    const shared = [key, value].every(({ linear }) => linear.inputs[0] === normed);
    if (!shared || !norm || norm.inputs[0] !== input) return null;
    const branches = [query, key, value].flatMap(({ linear, ops }) => [linear, ...ops]);
    const ops = [...new Set([norm, ...branches, scores, softmax, mix, ...united.ops, project, add])];
    return {
      ...{ kind: 'attention', input, ops, norm, heads, width },
      ...{ query, key, value, scores, softmax, mix, project, add },
    };
  }

  /** A dense layer whose outputs are cut into heads: [.., h, N, d], or the last two the other way round. */
  #headsOf(
    id: TensorId | null | undefined,
    sizes: HeadSizes,
    turned: boolean,
  ): (HeadsLayer & { ops: readonly Op[] }) | null {
    const moved = this.#trace(id);
    const linear = moved && this.#linear(moved.source);
    if (!linear) return null;
    const outputs = tensorOf(this.graph, moved.source).shape.at(-1)!;
    const first = moved.positions[0]!;
    const isHere = (head: number, token: number, c: number, at: number) =>
      moved.positions[at] === token * outputs + first + head * sizes.headDim + c;
    return everyElement(sizes, turned, isHere) ? { linear, first, ops: moved.ops } : null;
  }

  #trace(id: TensorId | null | undefined) {
    return id == null ? null : traceMovement(this.graph, this.#producers, id);
  }

  #linear(id: TensorId | null | undefined): Op | null {
    const op = this.#made(id, ['fully_connected']);
    return op && op.attrs.activation === 'none' && op.attrs.keepDims ? op : null;
  }

  /** The operator that makes a tensor, when it is one of these kinds. */
  #made(id: TensorId | null | undefined, kinds: readonly string[]): Op | null {
    const op = id == null ? undefined : this.#producers.get(id);
    return op && kinds.includes(op.kind) ? op : null;
  }

  /** Whether nobody outside a block needs what is computed inside it. */
  #isClosed({ ops, add }: TransformerLayers): boolean {
    const inside = new Set(ops);
    const results = ops.filter((op) => op !== add).flatMap((op) => op.outputs);
    return results.every(
      (id) => !this.graph.outputs.includes(id) && (this.#readers.get(id) ?? []).every((op) => inside.has(op)),
    );
  }

  #isConstant(id: TensorId | null): boolean {
    return id !== null && tensorOf(this.graph, id).data !== null;
  }

  #sameShape(a: TensorId, b: TensorId): boolean {
    const [left, right] = [tensorOf(this.graph, a), tensorOf(this.graph, b)];
    return left.data === null && right.data === null && left.shape.join() === right.shape.join();
  }
}

interface HeadSizes {
  readonly heads: number;
  readonly tokens: number;
  readonly headDim: number;
}

/** Whether something holds for every element of [heads, tokens, headDim], or with the last two the other way round. */
function everyElement(
  { heads, tokens, headDim }: HeadSizes,
  turned: boolean,
  holds: (head: number, token: number, c: number, at: number) => boolean,
): boolean {
  for (let head = 0; head < heads; head++)
    for (let token = 0; token < tokens; token++)
      for (let c = 0; c < headDim; c++) {
        const at = head * tokens * headDim + (turned ? c * tokens + token : token * headDim + c);
        if (!holds(head, token, c, at)) return false;
      }
  return true;
}
