/** Instructions of rf_conv2d_s8_dsp on a Cortex-M4, counted from its assembly; off by about a percent. */
import type { Instructions } from '../op-def.js';

export interface ConvolutionWork {
  /** Output rows of all images, and pixels of one. */
  readonly rows: number;
  readonly width: number;
  /** At most so many pixels together. */
  readonly pixels: number;
  /** Pairs of output channels, and pairs of inputs of one output. */
  readonly couples: number;
  readonly pairs: number;
  /** Kernel rows, and inputs in one. */
  readonly kernelRows: number;
  readonly run: number;
  /** The pixels of a row from insideBegin to insideEnd - 1 look only at columns of the image. */
  readonly insideBegin: number;
  readonly insideEnd: number;
}

/** A word of weights times the inputs of one to four pixels, its share of the loop in it. */
const perPair = [5.5, 6.9, 9.5, 12.75];

export function convolutionInstructions(work: ConvolutionWork): Instructions {
  const { rows, width } = work;
  const calls = perCall + rowEntry;
  return {
    whole: runOf(work, rows * width) + calls + (rows - 1) * rowEntry,
    byRow: rows * (runOf(work, width) + calls),
  };
}

/** A call, and the places of the kernel rows of an output row. */
const perCall = 100;
const rowEntry = 40;

/** Pixels that follow each other, the end of a row included. */
function runOf(work: ConvolutionWork, count: number): number {
  const { width, pixels: most } = work;
  let sum = 0;
  for (let done = 0; done < count; ) {
    const pixels = nextPixels(count - done, most);
    const x = done % width;
    const inside = x >= work.insideBegin && x + pixels <= Math.min(work.insideEnd, width);
    sum += panel(work, pixels) + (inside && pixels > 1 ? gatherTogether : gatherEach)(work, pixels);
    done += pixels;
  }
  return sum;
}

/** As rf_dsp_next_pixels. */
function nextPixels(left: number, most: number): number {
  if (most === 4 && (left === 4 || (left > 5 && left % 3 !== 0))) return 4;
  if (most === 3 && left === 4) return 2;
  return Math.min(left, most, 3);
}

/** All channels: sums, then requantisation and stores. */
function panel({ couples, pairs }: ConvolutionWork, pixels: number): number {
  return 50 + couples * (15 + 14.5 * pixels + perPair[pixels - 1]! * pairs);
}

function gatherTogether({ kernelRows, run }: ConvolutionWork, pixels: number): number {
  return kernelRows * (30 + ((3.5 * pixels + 2) * run) / 4);
}

function gatherEach({ kernelRows, run }: ConvolutionWork, pixels: number): number {
  return pixels * (20 + kernelRows * (20 + (7 * run) / 4));
}
