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

/**
 * Queries of all heads, whose place the results take; keys and values of one head; and then the larger of what makes them (a group of
 * tokens as 16-bit numbers, one token, a group of outputs) and a group's scores with the softmax of them as 16-bit numbers.
 */
export function attentionWorkBytes({ tokens, dim, width, headDim }: AttentionSizes): number {
  const kept = tokens * width + tokens * headDim + inGroups(tokens) * headDim;
  const making = 2 * group * dim + inGroups(dim) + group * headDim;
  const scoring = group * inGroups(tokens) + 2 * group * Math.max(inGroups(tokens), headDim);
  return kept + Math.max(making, scoring);
}

/** A tile of normalised tokens, its hidden layer, and a group of tokens as 16-bit numbers; a group of results lies over it later. */
export function mlpWorkBytes({ dim, hidden }: MlpSizes, tile: number): number {
  return (
    inGroups(Math.max(tile * dim, 2 * group * hidden + group * chunkChannels)) +
    tile * hidden +
    2 * group * dim
  );
}

/** Output channels whose results a group keeps before they are added to the tokens. */
export const chunkChannels = 16;

/** The fewest passes over the weights that fit into `room` bytes, and for those the smallest tile, in whole groups if it can be. */
export function mlpTile(sizes: MlpSizes, room: number): number {
  const { tokens } = sizes;
  let most = tokens;
  while (most > 1 && mlpWorkBytes(sizes, most) > room) most--;
  const passes = Math.ceil(tokens / most);
  const even = Math.ceil(tokens / passes);
  return Math.min(most, inGroups(even));
}
