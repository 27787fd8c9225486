/**
 * The memory plan of a vision transformer from its sizes alone, for searches that look at thousands: what `planGraph` finds for the
 * graph of the same network with the DSP kernels, in microseconds and without weights.
 */
import { attentionWorkBytes, mlpTile, mlpWorkBytes } from '../ops/block-memory.js';
import { pairOrder } from '../ops/dsp/panel.js';
import { wordsOf } from '../ops/dsp/words.js';
import { progressBytes } from './plan.js';

export interface TransformerShape {
  /** Patches and the class token. */
  readonly tokens: number;
  readonly dim: number;
  readonly headDim: number;
  readonly blocks: readonly { readonly width: number; readonly hidden: number }[];
  /** Edge of the image and of a patch, in pixels; rows of patches; rows of zeros above the image. */
  readonly image: number;
  readonly channels: number;
  readonly patch: number;
  readonly grid: number;
  readonly padBefore: number;
  readonly classes: number;
}

export interface TransformerPlan {
  readonly arenaBytes: number;
  /** What needs it. */
  readonly binding: 'embedding' | 'attention' | 'mlp';
  readonly embeddingBytes: number;
  readonly attentionBytes: number;
  readonly mlpBytes: number;
  /** Tokens that the MLP of each block takes at a time. */
  readonly tiles: readonly number[];
  /** Bytes of weights that an inference reads from flash, where the chunks that kernels work on stay cached. */
  readonly weightTraffic: number;
  readonly macs: number;
  /** Weights and biases. */
  readonly weightBytes: number;
}

const words = (bytes: number) => Math.ceil(bytes / 4) * 4;
const scratch = (bytes: number) => Math.ceil(bytes / 8) * 8;

export function planTransformer(shape: TransformerShape, input: 'streamed' | 'resident'): TransformerPlan {
  const { tokens, dim, headDim, blocks } = shape;
  const held = words(tokens * dim);
  const attention = blocks.map(({ width }) => attentionWorkBytes({ tokens, dim, width, headDim }));
  const room = Math.max(...attention);
  const tiles = blocks.map(({ hidden }) => mlpTile({ tokens, dim, hidden }, room));
  const mlp = blocks.map(({ hidden }, index) => mlpWorkBytes({ tokens, dim, hidden }, tiles[index]!));
  const progress = input === 'streamed' ? words(progressBytes(2)) : 0;
  const embeddingBytes = embeddingPeak(shape, input);
  const attentionBytes = held + scratch(room) + progress;
  const mlpBytes = held + scratch(Math.max(...mlp)) + progress;
  const arenaBytes = Math.max(embeddingBytes, attentionBytes, mlpBytes);
  const binding =
    arenaBytes === attentionBytes ? 'attention' : arenaBytes === embeddingBytes ? 'embedding' : 'mlp';
  return {
    ...{ arenaBytes, binding, embeddingBytes, attentionBytes, mlpBytes, tiles },
    ...costs(shape, tiles),
  };
}

/**
 * Patches row by row, then tokens of them: either all patches before the tokens, or the tokens row by row behind the patches. With
 * the image in the arena patches take the place of the rows that are done with.
 */
function embeddingPeak(shape: TransformerShape, input: 'streamed' | 'resident'): number {
  const { tokens, dim, image, channels, patch, grid, padBefore } = shape;
  const rowBytes = words(grid * dim);
  const held = words(tokens * dim);
  const imageRow = image * channels;
  const gathered = gatherBytes(shape);
  const bandBytes = (y: number) =>
    (Math.min(image, (y + 1) * patch - padBefore) - Math.max(0, y * patch - padBefore)) * words(imageRow);
  const bands = Array.from({ length: grid }, (_, y) => bandBytes(y));
  const apart = Math.max(
    input === 'streamed'
      ? Math.max(...bands.map((bytes, y) => (y + 1) * rowBytes + bytes)) + gathered
      : image * imageRow + rowBytes + gathered,
    grid * rowBytes + held,
  );
  if (input === 'resident') return words(apart);
  const together = held + rowBytes + Math.max(...bands) + gathered;
  return Math.min(apart + words(progressBytes(2)), together + words(progressBytes(3)));
}

/**
 * Scratch of the patch convolution with the DSP kernels. Windows of up to 16 rows: one as 16-bit pairs, and one row of it where its
 * pixels are no multiple of four bytes. Larger ones: two windows as words of pairs.
 */
function gatherBytes({ patch, channels }: TransformerShape): number {
  if (patch > 16) return scratch(16 * wordsOf(patch * patch * channels));
  const run = patch * channels;
  const pairs = patch * pairOrder(run).length;
  return scratch(4 * Math.ceil(pairs / 4) * 4 + (channels % 4 === 0 ? 0 : run));
}

function costs(shape: TransformerShape, tiles: readonly number[]) {
  const { tokens, dim, blocks, patch, channels, grid, classes } = shape;
  const patchWeights = patch * patch * channels * dim;
  const headWeights = dim * classes;
  let [macs, weightTraffic] = [grid * grid * patchWeights + headWeights, grid * patchWeights + headWeights];
  let weightBytes = patchWeights + headWeights + 4 * (dim + classes) + 8 * dim + tokens * dim + dim;
  blocks.forEach(({ width, hidden }, index) => {
    macs += 4 * tokens * dim * width + 2 * tokens * tokens * width + 2 * tokens * dim * hidden;
    weightTraffic += 4 * dim * width + 2 * dim * hidden * Math.ceil(tokens / tiles[index]!);
    weightBytes += 4 * dim * width + 2 * dim * hidden + 4 * (3 * width + dim + hidden + dim) + 16 * dim;
  });
  return { macs, weightTraffic, weightBytes };
}
