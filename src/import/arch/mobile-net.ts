/**
 * Networks of inverted residual blocks (MobileNetV2, ProxylessNAS, MCUNet): kernel, expansion, width, stride and repetition of each
 * stage. Source: Sandler et al., MobileNetV2, arXiv 1801.04381, table 1 and figure 4.
 */
import { z } from 'zod';
import type { Graph } from '../../ir/graph.js';
import type { TensorId } from '../../ir/tensor.js';
import { NetworkWriter } from './network-writer.js';

const count = z.int().min(1).max(4096);

export const mobileNetSchema = z.strictObject({
  architecture: z.literal('mobilenet'),
  image: count.default(96),
  channels: z.int().min(1).max(64).default(3),
  stem: z.strictObject({ channels: count, stride: z.int().min(1).max(4).default(2) }),
  stages: z
    .array(
      z.strictObject({
        kernel: z.int().min(1).max(15).default(3),
        /** Channels inside a block, as a multiple of those that enter it. */
        expansion: z.number().positive().max(16).default(6),
        channels: count,
        /** Of the stage's first block. */
        stride: z.int().min(1).max(4).default(1),
        repeat: z.int().min(1).max(64).default(1),
      }),
    )
    .min(1),
  /** Channels of the last 1x1 convolution; 0 for none. */
  head: z.int().min(0).max(4096).default(0),
  classes: count.default(1000),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
});

export type MobileNet = z.infer<typeof mobileNetSchema>;

/** The int8 network with random weights. */
export function mobileNet(arch: MobileNet, name: string): Graph {
  const writer = new NetworkWriter(name, arch.seed);
  const input = writer.input([1, arch.image, arch.image, arch.channels]);
  const plain = { stride: 1, pads: null, activation: 'relu6', depthwise: false } as const;
  let x = writer.convolution('stem', input, { ...plain, ...arch.stem, kernel: 3 });
  arch.stages.forEach((stage, index) => {
    for (let block = 0; block < stage.repeat; block++) {
      const stride = block === 0 ? stage.stride : 1;
      x = invertedResidual(writer, { ...stage, stride }, `stages.${index}.${block}`, x);
    }
  });
  if (arch.head > 0) x = writer.convolution('head', x, { ...plain, channels: arch.head, kernel: 1 });
  const features = writer.mean('features', x, [1, 2], 0.5);
  return writer.build(input, writer.linear('classifier', features, arch.classes, 1, 0.5));
}

interface Block {
  readonly kernel: number;
  readonly expansion: number;
  readonly channels: number;
  readonly stride: number;
}

function invertedResidual(writer: NetworkWriter, block: Block, name: string, x: TensorId): TensorId {
  const { kernel, expansion, channels, stride } = block;
  const entering = writer.shape(x)[3]!;
  const inner = Math.max(1, Math.round(entering * expansion));
  const plain = { stride: 1, pads: null, activation: 'relu6', depthwise: false } as const;
  const expanded =
    expansion === 1 ? x : writer.convolution(`${name}.expand`, x, { ...plain, channels: inner, kernel: 1 });
  const filtered = writer.convolution(`${name}.filter`, expanded, {
    ...plain,
    ...{ channels: inner, kernel, stride, depthwise: true },
  });
  const projected = writer.convolution(`${name}.project`, filtered, {
    ...plain,
    ...{ channels, kernel: 1, activation: 'none' },
  });
  return stride === 1 && channels === entering ? writer.add(`${name}.add`, x, projected, 1.4) : projected;
}
