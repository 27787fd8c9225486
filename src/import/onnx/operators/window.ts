/** Strides, dilations and paddings as ONNX states them for convolutions and pools, with one or two spatial axes. */
import type { WindowAttrs } from '../../../ops/geometry.js';
import { refuse } from '../fault.js';
import { listOf, numberOf, type OnnxNode, textOf } from '../node.js';

/** Per spatial axis, height first; a signal's only axis is the height, and its width is 1. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** [top, bottom, left, right]. */
  readonly pads: readonly number[];
  /** Cells that ceil_mode adds behind the padding, so that the last window is whole: [bottom, right]. */
  readonly extra: readonly [number, number];
}

/** @param size height and width of the input @param kernel of the window, as ONNX lists it */
export function windowFor(node: OnnxNode, size: readonly number[], kernel: readonly number[]): Window {
  const axes = kernel.length;
  const pair = (list: readonly number[] | null, filler: number): [number, number] => {
    const full = list ?? Array<number>(axes).fill(filler);
    if (full.length !== axes)
      refuse(`its window has ${axes} axes, but a list of ${full.length}`, 'export the network again');
    return [full[0]!, axes === 2 ? full[1]! : filler];
  };
  const stride = pair(listOf(node, 'strides'), 1);
  const dilation = pair(listOf(node, 'dilations'), 1);
  const cells: [number, number] = [kernel[0]!, kernel[1] ?? 1];
  if ([...stride, ...dilation, ...cells].some((value) => !(value >= 1)))
    refuse('its window is impossible', 'export the network again');
  const reach = [0, 1].map((axis) => (cells[axis]! - 1) * dilation[axis]! + 1);
  const pads = [0, 1].map((axis) => padsOf(node, axis, axes, size[axis]!, stride[axis]!, reach[axis]!));
  const ceil = numberOf(node, 'ceil_mode', 0) === 1;
  const extra = [0, 1].map((axis) => {
    const room = size[axis]! + pads[axis]![0] + pads[axis]![1] - reach[axis]!;
    const steps = Math.ceil(room / stride[axis]!);
    // A window that would begin in the padding at the end does not count.
    const counts = steps * stride[axis]! < size[axis]! + pads[axis]![0];
    return ceil && counts ? Math.max(0, steps * stride[axis]! - room) : 0;
  }) as [number, number];
  return { kernel: cells, stride, dilation, pads: pads.flat(), extra };
}

function padsOf(
  node: OnnxNode,
  axis: number,
  axes: number,
  size: number,
  stride: number,
  reach: number,
): [number, number] {
  if (axis >= axes) return [0, 0];
  const auto = textOf(node, 'auto_pad', 'NOTSET');
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size);
    const less = Math.floor(total / 2);
    return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
  }
  if (auto === 'VALID') return [0, 0];
  const pads = listOf(node, 'pads') ?? Array<number>(2 * axes).fill(0);
  const [before, after] = [pads[axis], pads[axes + axis]];
  if (before === undefined || after === undefined || before < 0 || after < 0)
    return refuse(`its paddings are [${pads}]`, 'export the network again');
  return [before, after];
}

/** The attributes of our window operators; the cells of `extra` count as padding. */
export function windowAttrs({ stride, dilation, pads, extra }: Window): WindowAttrs {
  const [top = 0, bottom = 0, left = 0, right = 0] = pads;
  return {
    padding: 'explicit',
    pads: [top, bottom + extra[0], left, right + extra[1]],
    strideH: stride[0],
    strideW: stride[1],
    dilationH: dilation[0],
    dilationW: dilation[1],
  };
}

/** Height and width of what a window gives. */
export function windowOutput(
  { kernel, stride, dilation, pads, extra }: Window,
  size: readonly number[],
): [number, number] {
  return [0, 1].map((axis) => {
    const padded = size[axis]! + pads[2 * axis]! + pads[2 * axis + 1]! + extra[axis]!;
    const length = Math.floor((padded - (kernel[axis]! - 1) * dilation[axis]! - 1) / stride[axis]!) + 1;
    if (length < 1) refuse('its window is larger than the padded input', 'export the network again');
    return length;
  }) as [number, number];
}
