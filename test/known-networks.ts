/** Networks of the literature, built from their published layer lists with random weights. */
import type { Graph } from '../src/ir/graph.js';
import { GraphBuilder, randomNumbers } from './graph-builder.js';

/** MobileNetV2 (Sandler et al. 2018, table 2): expansion, channels, repeats, stride. Widths are rounded to multiples of 8. */
const mobileNetV2Blocks = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

export function mobileNetV2(width: number, size: number): Graph {
  const b = new GraphBuilder('mobilenet_v2', randomNumbers(1));
  const wide = (channels: number) => {
    const rounded = Math.max(8, Math.floor((channels * width + 4) / 8) * 8);
    return rounded < 0.9 * channels * width ? rounded + 8 : rounded;
  };
  let x = b.conv(b.input(1, size, size, 3), wide(32), 3, 3, { stride: 2, activation: 'relu6' });
  for (const [expansion, channels, repeats, stride] of mobileNetV2Blocks) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const before = x;
      const inner = b.shape(x)[3]! * expansion;
      if (expansion > 1) x = b.conv(x, inner, 1, 1, { activation: 'relu6' });
      x = b.depthwise(x, 3, 3, { stride: repeat === 0 ? stride : 1, activation: 'relu6' });
      x = b.conv(x, wide(channels), 1, 1);
      if (b.shape(x).join() === b.shape(before).join()) x = b.add(x, before);
    }
  }
  x = b.conv(x, Math.max(1280, wide(1280)), 1, 1, { activation: 'relu6' });
  return b.build(b.fullyConnected(b.globalPool(x), 1000));
}

/**
 * The streaming wake-word network of MLPerf Tiny, as in ../shared/instances/st_sww_c_info.json: one-dimensional
 * depthwise and pointwise convolutions over 30 steps of 40 features.
 */
export function streamingWakeWord(): Graph {
  const b = new GraphBuilder('streaming_wakeword', randomNumbers(2));
  const valid = { padding: 'valid' } as const;
  let x = b.depthwise(b.input(1, 30, 1, 40), 3, 1, valid);
  x = b.conv(x, 108, 1, 1, { activation: 'relu' });
  x = b.conv(b.depthwise(x, 5, 1, valid), 81, 1, 1, { activation: 'relu' });
  x = b.conv(b.depthwise(x, 10, 1, valid), 52, 1, 1, { activation: 'relu' });
  x = b.conv(b.depthwise(x, 15, 1, valid), 32, 1, 1, { activation: 'relu' });
  return b.build(b.fullyConnected(x, 3));
}
