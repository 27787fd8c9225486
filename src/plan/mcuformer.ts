/**
 * How much memory MCUFormer's three models say a vision transformer needs, int8, for comparison. None counts the residual copy of the
 * tokens, scores, softmax or image; all count weights of the running layer as if they lay in RAM. Sources: MCUFormer (NeurIPS 2023,
 * arXiv 2310.16898); repositories liangyn22/MCUFormer and yankeee-0411/MCUformer1228.
 */

export interface McuformerBlock {
  /** Outputs of all heads. */
  readonly width: number;
  readonly hidden: number;
}

export interface McuformerNetwork {
  /** Class token included. */
  readonly tokens: number;
  readonly dim: number;
  readonly blocks: readonly McuformerBlock[];
  /** Ranks of the factors of queries, keys and values together, and of the MLP; `dim` for full matrices. */
  readonly attentionRank: number;
  readonly mlpRank: number;
}

/** All three, in bytes. */
export interface McuformerModel {
  /** The paper's: largest weight matrix plus the larger of a layer's input and output, each over all layers. */
  readonly paperBytes: number;
  /** The public repository's: input, hidden layer and one factor of the MLP. */
  readonly repositoryBytes: number;
  /** The development repository's, whose printed peaks it reproduces: output, factor's output and second factor of a block. */
  readonly developmentBytes: number;
}

export function mcuformerModel(network: McuformerNetwork): McuformerModel {
  const { tokens, dim, blocks, attentionRank, mlpRank } = network;
  const most = (bytes: (block: McuformerBlock) => number) => Math.max(0, ...blocks.map(bytes));
  const factors = ({ width, hidden }: McuformerBlock) =>
    Math.max(3 * width * attentionRank, hidden * mlpRank);
  const outputs = ({ width, hidden }: McuformerBlock) => tokens * Math.max(3 * width, hidden, dim);
  return {
    paperBytes: most(factors) + most(outputs),
    repositoryBytes: most(({ hidden }) => tokens * (dim + hidden) + hidden * mlpRank),
    developmentBytes: most(({ width, hidden }) =>
      Math.max(
        tokens * hidden + tokens * mlpRank + hidden * mlpRank,
        tokens * 3 * width + tokens * attentionRank + 3 * width * attentionRank,
      ),
    ),
  };
}

/** What a search draws candidates from, each of its choices alike. */
export interface McuformerSpace {
  readonly dims: readonly number[];
  readonly mlpRatios: readonly number[];
  readonly depths: readonly number[];
  readonly heads: readonly number[];
  readonly tokens: number;
  readonly rankRatio: number;
}

/** The share of a space's candidates that the public repository's model lets into `budgetBytes` (320 KiB there). */
export function mcuformerLegalShare(space: McuformerSpace, budgetBytes: number): number {
  const { dims, mlpRatios, depths, tokens, rankRatio } = space;
  const ratios = mlpRatios.toSorted((a, b) => a - b);
  const fits = (dim: number, ratio: number) => {
    const rank = Math.floor(dim * rankRatio);
    const block = { width: 64 * space.heads[0]!, hidden: dim * ratio };
    const ranks = { attentionRank: rank, mlpRank: rank };
    return mcuformerModel({ tokens, dim, blocks: [block], ...ranks }).repositoryBytes <= budgetBytes;
  };
  // A candidate's memory is that of its block with the largest ratio: all of its ratios must be among those that fit.
  const shares = dims.flatMap((dim) => {
    const legal = ratios.filter((ratio) => fits(dim, ratio)).length / ratios.length;
    return depths.map((depth) => legal ** depth);
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
