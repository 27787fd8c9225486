/**
 * Working memory of transformer blocks, and how many tokens an MLP takes at a time. The kernels of runtime-c/ops/transformer_dsp.c
 * divide it in the same way; the reference kernels make do with less.
 */

export interface AttentionSizes {
  readonly tokens: number;
  readonly dim: number;
  /** Outputs of all heads. */
  readonly width: number;
  readonly headDim: number;
}

export interface MlpSizes {
  readonly tokens: number;
  readonly dim: number;
  readonly hidden: number;
}

/** Tokens that are multiplied together. */
const group = 4;

const inGroups = (count: number) => Math.ceil(count / group) * group;

/** A group of tokens as 16-bit numbers; the panel takes eight of a token at a time. */
const columnBytes = (inputs: number) => 2 * group * Math.ceil(inputs / 8) * 8;

/**
 * Queries of all heads, whose place the results take; keys and values of one head; and then the larger of what makes them (a group of
 * tokens as 16-bit numbers, one token, a group of outputs) and a group's scores with the softmax of them as 16-bit numbers.
 */
export function attentionWorkBytes({ tokens, dim, width, headDim }: AttentionSizes): number {
  const kept = tokens * width + tokens * headDim + inGroups(tokens) * headDim;
  const making = columnBytes(dim) + inGroups(dim) + group * headDim;
  const scoring = group * inGroups(tokens) + 2 * group * Math.max(inGroups(tokens), headDim);
  // Keys and values are gone when the results are projected.
  const projecting = columnBytes(width) + group * chunk - (inGroups(tokens) + tokens) * headDim;
  return kept + Math.max(making, scoring, projecting);
}

/** Without keys and values: all normalised tokens, one token in 16 bits, results of all heads, a query, and rows of scores. */
export function kvFreeWorkBytes({ tokens, dim, width, headDim }: AttentionSizes): number {
  return 2 * dim + tokens * dim + width + headDim + Math.max(2 * tokens, dim);
}

/** A tile of normalised tokens, its hidden layer, and a group of tokens as 16-bit numbers; a group of results lies over it later. */
export function mlpWorkBytes({ dim, hidden }: MlpSizes, tile: number): number {
  return (
    inGroups(Math.max(tile * dim, columnBytes(hidden) + group * longChunk)) + tile * hidden + 2 * group * dim
  );
}

/** Outputs for which a group's results are kept before they are added to the tokens: of the projection and of the MLP. */
const [chunk, longChunk] = [64, 16];

/** The fewest passes over the weights that fit into `room` bytes, and for those the smallest tile, in whole groups if it can be. */
export function mlpTile(sizes: MlpSizes, room: number): number {
  const { tokens } = sizes;
  let most = tokens;
  while (most > 1 && mlpWorkBytes(sizes, most) > room) most--;
  const passes = Math.ceil(tokens / most);
  const even = Math.ceil(tokens / passes);
  return Math.min(most, inGroups(even));
}
