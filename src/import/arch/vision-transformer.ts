/**
 * Vision transformers of MCUFormer's search space (DeiT, AutoFormer): depth, dimension, heads and MLP ratio of each block, rank
 * ratio, patch size, resolution. Source: liangyn22/MCUFormer, supernet-T.yaml, -S.yaml and -B.yaml.
 */
import { z } from 'zod';
import type { Graph } from '../../ir/graph.js';
import type { TensorId } from '../../ir/tensor.js';
import { NetworkWriter, scaleFor } from './network-writer.js';

const count = z.int().min(1).max(65_535);
const perBlock = <T extends z.ZodType>(one: T) => z.union([one, z.array(one).min(1)]);

export const visionTransformerSchema = z.strictObject({
  architecture: z.literal('vision-transformer'),
  image: count.default(224),
  channels: count.default(3),
  patch: count.default(16),
  dim: count,
  /** Number of blocks; may be left out where a list says it. */
  depth: z.int().min(1).max(256).optional(),
  /** One number, or one for each block. */
  heads: perBlock(count),
  headDim: count.default(64),
  mlpRatio: perBlock(z.number().positive().max(64)).default(4),
  /** Rank of the two factors of each dense layer, as a share of `dim`; 1 is one full matrix. */
  rankRatio: z.number().positive().max(1).default(1),
  activation: z.enum(['gelu', 'gelu-tanh', 'gelu-sigmoid', 'silu']).default('gelu'),
  readout: z.enum(['class-token', 'mean']).default('class-token'),
  classes: count.default(1000),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
});

export type VisionTransformer = z.infer<typeof visionTransformerSchema>;

export interface TransformerBlock {
  readonly heads: number;
  /** Outputs of all heads. */
  readonly width: number;
  readonly hidden: number;
}

/** What the numbers of a file come to. */
export interface TransformerSizes {
  /** Patches and the class token. */
  readonly tokens: number;
  /** Patches along an edge. */
  readonly grid: number;
  /** Zeros around the image, before and behind. */
  readonly pads: readonly [number, number];
  readonly blocks: readonly TransformerBlock[];
}

/** Null when lists and depth contradict each other. */
export function transformerSizes(arch: VisionTransformer): TransformerSizes | null {
  const { heads, mlpRatio, headDim, dim, image, patch } = arch;
  const lists = [heads, mlpRatio].filter(Array.isArray);
  const depth = arch.depth ?? lists[0]?.length;
  if (depth === undefined || lists.some((list) => list.length !== depth)) return null;
  const blocks = Array.from({ length: depth }, (_, index) => {
    const own = Array.isArray(heads) ? heads[index]! : heads;
    const ratio = Array.isArray(mlpRatio) ? mlpRatio[index]! : mlpRatio;
    return { heads: own, width: own * headDim, hidden: Math.round(dim * ratio) };
  });
  const grid = Math.ceil(image / patch);
  const missing = grid * patch - image;
  const before = Math.floor(missing / 2);
  return { tokens: grid * grid + 1, grid, pads: [before, missing - before], blocks };
}

/** Rank of a dense layer's two factors; null where one full matrix takes no more multiplications. */
export function factorRank(dim: number, rankRatio: number, inputs: number, outputs: number): number | null {
  // As in MCUFormer's repository: int(dim * ratio), whatever the layer.
  const rank = Math.floor(dim * rankRatio);
  return rankRatio < 1 && rank >= 1 && rank * (inputs + outputs) < inputs * outputs ? rank : null;
}

/** Whether any dense layer keeps its two factors. Such blocks run layer by layer. */
export function keepsFactors({ dim, rankRatio }: VisionTransformer, { blocks }: TransformerSizes): boolean {
  return blocks.some(({ width, hidden }) =>
    [width, hidden].some((outputs) => factorRank(dim, rankRatio, dim, outputs) !== null),
  );
}

/** Deviation of what a block adds to the tokens. */
const added = 0.3;
/** Deviation to which the tokens have grown by the last block. */
const grown = 2;

/** The int8 network with random weights; `arch` must have sizes. */
export function visionTransformer(arch: VisionTransformer, name: string): Graph {
  const writer = new NetworkWriter(name, arch.seed);
  const sizes = transformerSizes(arch)!;
  const { tokens, grid, pads, blocks } = sizes;
  const { dim, image, channels, patch } = arch;
  const input = writer.input([1, image, image, channels]);
  const padded = pads[0] + pads[1] > 0 ? pads : ([0, 0] as const);
  const patches = writer.convolution('patch_embed', input, {
    ...{ channels: dim, kernel: patch, stride: patch, pads: padded, activation: 'none', depthwise: false },
  });
  const rows = writer.reshape('patches', patches, [1, grid * grid, dim]);
  const classToken = writer.values('cls_token', [1, 1, dim], patches);
  const joined = writer.concatenate('tokens', [classToken, rows], 1);
  let x = writer.add('positions', joined, writer.values('pos_embed', [1, tokens, dim], joined, 0.25), 1.1);
  blocks.forEach((block, index) => {
    x = attention(writer, arch, block, `blocks.${index}.attn`, x);
    x = mlp(writer, arch, block, `blocks.${index}.mlp`, x);
  });
  return writer.build(input, head(writer, arch, x, tokens));
}

/** One matrix, or two factors where they take fewer multiplications. */
function dense(
  writer: NetworkWriter,
  arch: VisionTransformer,
  name: string,
  input: TensorId,
  outputs: number,
  deviation: number,
  from = 1,
) {
  const rank = factorRank(arch.dim, arch.rankRatio, writer.shape(input).at(-1)!, outputs);
  if (rank === null) return writer.linear(name, input, outputs, deviation, from);
  return writer.linear(`${name}.u`, writer.linear(`${name}.v`, input, rank, 1, from), outputs, deviation);
}

function attention(
  writer: NetworkWriter,
  arch: VisionTransformer,
  { heads, width }: TransformerBlock,
  name: string,
  x: TensorId,
) {
  const { headDim } = arch;
  const tokens = writer.shape(x)[1]!;
  const norm = writer.layerNorm(`${name}.norm`, x);
  const [q, k, v] = ['q', 'k', 'v'].map((role) => {
    const all = dense(writer, arch, `${name}.${role}`, norm, width, 1);
    const split = writer.reshape(`${name}.${role}.split`, all, [1, tokens, heads, headDim]);
    return writer.swapAxes(`${name}.${role}.heads`, split);
  });
  const squares = [1, heads, tokens, tokens];
  const scores = writer.op(
    'batch_matmul',
    `${name}.scores`,
    [q!, k!],
    squares,
    scaleFor(Math.sqrt(headDim)),
    {
      adjX: false,
      adjY: true,
    },
  );
  const unit = { scales: [1 / 256], zeroPoints: [-128], axis: null };
  const beta = Math.fround(1 / Math.sqrt(headDim));
  const shares = writer.op('softmax', `${name}.softmax`, [scores], squares, unit, { beta });
  const mixed = writer.op(
    'batch_matmul',
    `${name}.mix`,
    [shares, v!],
    [1, heads, tokens, headDim],
    scaleFor(mixedDeviation),
    {
      adjX: false,
      adjY: false,
    },
  );
  const merged = writer.reshape(`${name}.merge`, writer.swapAxes(`${name}.unite`, mixed), [1, tokens, width]);
  const result = dense(writer, arch, `${name}.proj`, merged, arch.dim, added, mixedDeviation);
  return writer.add(`${name}.add`, x, result, grown);
}

/** Of values averaged with the weights of a softmax of normal scores, over some two hundred tokens. */
const mixedDeviation = 0.15;

function mlp(
  writer: NetworkWriter,
  arch: VisionTransformer,
  { hidden }: TransformerBlock,
  name: string,
  x: TensorId,
) {
  const norm = writer.layerNorm(`${name}.norm`, x);
  const before = dense(writer, arch, `${name}.fc1`, norm, hidden, 1);
  const { kind, attrs } = activations[arch.activation];
  const behind = writer.op(kind, `${name}.act`, [before], writer.shape(before), scaleFor(1), attrs);
  const result = dense(writer, arch, `${name}.fc2`, behind, arch.dim, added, 0.6);
  return writer.add(`${name}.add`, x, result, grown);
}

const activations = {
  gelu: { kind: 'gelu', attrs: { approximate: false } },
  'gelu-tanh': { kind: 'gelu', attrs: { approximate: true } },
  'gelu-sigmoid': { kind: 'silu', attrs: { slope: Math.fround(1.702) } },
  silu: { kind: 'silu', attrs: { slope: 1 } },
} as const;

function head(writer: NetworkWriter, arch: VisionTransformer, x: TensorId, tokens: number): TensorId {
  const { dim, classes, readout } = arch;
  if (readout === 'class-token') {
    const norm = writer.layerNorm('norm', writer.tokens('class', x, 0, 1));
    return writer.linear('head', writer.reshape('features', norm, [1, dim]), classes, 1);
  }
  const norm = writer.layerNorm('norm', writer.tokens('patch_tokens', x, 1, tokens - 1));
  return writer.linear('head', writer.mean('features', norm, [1], 0.3), classes, 1, 0.3);
}
