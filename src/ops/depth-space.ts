/** DEPTH_TO_SPACE and SPACE_TO_DEPTH: blocks of pixels become channels, and back. NHWC. */
import { dataMovement } from './data-movement.js';
import type { Box } from './move.js';
import type { OpView, Refusal } from './op-def.js';
import { firstRefusal, refuseRank } from './refusal.js';

export type DepthSpaceAttrs = { readonly block: number };

export const depthToSpace = dataMovement<DepthSpaceAttrs>({
  kind: 'depth_to_space',
  tflite: [{ builtin: 5, name: 'DEPTH_TO_SPACE', attrs: (options) => ({ block: options.int(0, 0) }) }],
  data: () => [0],
  constants: [],
  infer(view) {
    const [n, h, w, c] = image(view);
    const { block } = view.attrs;
    return [{ dtype: view.input(0).dtype, shape: [n, h * block, w * block, c / block ** 2] }];
  },
  refuse: (view) =>
    firstRefusal(
      () => refuseBlock(view),
      () => refuseRemainder(view, image(view)[3] % view.attrs.block ** 2),
    ),
  moves(view) {
    const [n, h, w, c] = image(view);
    const { dims, deep, wide } = blocks(n * h, w, c / view.attrs.block ** 2, view.attrs.block);
    return [move({ dims, inStrides: deep, outStrides: wide, inOffset: 0, outOffset: 0 })];
  },
});

export const spaceToDepth = dataMovement<DepthSpaceAttrs>({
  kind: 'space_to_depth',
  tflite: [{ builtin: 26, name: 'SPACE_TO_DEPTH', attrs: (options) => ({ block: options.int(0, 0) }) }],
  data: () => [0],
  constants: [],
  infer(view) {
    const [n, h, w, c] = image(view);
    const { block } = view.attrs;
    return [{ dtype: view.input(0).dtype, shape: [n, h / block, w / block, c * block ** 2] }];
  },
  refuse: (view) =>
    firstRefusal(
      () => refuseBlock(view),
      () => {
        const [, h, w] = image(view);
        return refuseRemainder(view, (h % view.attrs.block) + (w % view.attrs.block));
      },
    ),
  moves(view) {
    const [n, h, w, c] = image(view);
    const { block } = view.attrs;
    const { dims, deep, wide } = blocks((n * h) / block, w / block, c, block);
    return [move({ dims, inStrides: wide, outStrides: deep, inOffset: 0, outOffset: 0 })];
  },
});

type Image = readonly [n: number, h: number, w: number, c: number];

function image(view: OpView): Image {
  return view.input(0).shape as unknown as Image;
}

function move(box: Box) {
  return { input: 0, output: 0, box };
}

/** Rows of blocks, rows in a block, blocks, pixels in a row of a block, channels: their steps when deep and when wide. */
function blocks(rows: number, columns: number, channels: number, block: number) {
  const pixel = block * block * channels;
  return {
    dims: [rows, block, columns, block, channels],
    deep: [columns * pixel, block * channels, pixel, channels, 1],
    wide: [columns * pixel, columns * block * channels, block * channels, channels, 1],
  };
}

function refuseBlock(view: OpView<DepthSpaceAttrs>): Refusal | null {
  return firstRefusal(
    () => refuseRank(view.input(0), [4], 'the input'),
    () =>
      view.attrs.block >= 1
        ? null
        : { reason: `a block of ${view.attrs.block} is impossible`, hint: 'export the network again' },
  );
}

function refuseRemainder(view: OpView<DepthSpaceAttrs>, remainder: number): Refusal | null {
  return remainder === 0
    ? null
    : {
        reason: `[${view.input(0).shape}] has no whole blocks of ${view.attrs.block}`,
        hint: 'export the network again',
      };
}
