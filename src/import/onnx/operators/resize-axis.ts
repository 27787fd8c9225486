/**
 * Where a Resize takes its elements from along one axis: the formulas of ONNX's operator specification (Resize, opset 13 to
 * 19), in double precision.
 */
import { refuse } from '../fault.js';
import { numberOf, type OnnxNode, textOf } from '../node.js';

export interface ResizeAxis {
  readonly from: number;
  readonly to: number;
  /** Output elements per input element, as stated; not always to / from. */
  readonly scale: number;
  /** Begin and end of the region of interest, as parts of the axis. */
  readonly region: readonly [number, number];
}

/** Position in the input of output element `index`, in elements. */
export function positionOf(node: OnnxNode, { from, to, scale, region }: ResizeAxis, index: number): number {
  const [start, end] = region;
  // The specification computes with the length before it was rounded down.
  const length = scale * from;
  const mode = textOf(node, 'coordinate_transformation_mode', 'half_pixel');
  switch (mode) {
    case 'half_pixel':
      return (index + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric':
      return (from / 2) * (1 - to / (scale * from)) + (index + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return length > 1 ? (index + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return length > 1 ? (index * (from - 1)) / (length - 1) : 0;
    case 'asymmetric':
      return index / scale;
    case 'tf_crop_and_resize':
      return length > 1
        ? start * (from - 1) + (index * (end - start) * (from - 1)) / (length - 1)
        : 0.5 * (start + end) * (from - 1);
    default:
      return refuse(`its coordinates are transformed by ${mode}`, 'use half_pixel');
  }
}

/** The nearest input element of each output element. */
export function nearestPositions(node: OnnxNode, axis: ResizeAxis): number[] {
  const mode = textOf(node, 'nearest_mode', 'round_prefer_floor');
  const round = (x: number): number => {
    if (mode === 'floor') return Math.floor(x);
    if (mode === 'ceil') return Math.ceil(x);
    return mode === 'round_prefer_ceil' ? Math.floor(x + 0.5) : Math.ceil(x - 0.5);
  };
  return Array.from({ length: axis.to }, (_, index) =>
    Math.min(Math.max(round(positionOf(node, axis, index)), 0), axis.from - 1),
  );
}

/** Linear or cubic interpolation as a matrix [to][from], row by row. */
export function interpolationMatrix(node: OnnxNode, axis: ResizeAxis): number[] {
  const cubic = textOf(node, 'mode', 'nearest') === 'cubic';
  const kernel = cubic
    ? cubicKernel(numberOf(node, 'cubic_coeff_a', -0.75))
    : (x: number) => Math.max(0, 1 - Math.abs(x));
  // Antialiasing stretches the kernel where the image shrinks.
  const stretch = numberOf(node, 'antialias', 0) === 1 ? Math.max(1, 1 / axis.scale) : 1;
  const reach = Math.ceil((cubic ? 2 : 1) * stretch);
  const excludes = numberOf(node, 'exclude_outside', 0) === 1;
  const matrix = Array<number>(axis.to * axis.from).fill(0);
  for (let index = 0; index < axis.to; index++) {
    const position = positionOf(node, axis, index);
    const first = Math.floor(position) - reach;
    const taps = Array.from({ length: 2 * reach + 2 }, (_, offset) => first + offset)
      .map((at) => ({ at, weight: kernel((at - position) / stretch) }))
      .filter(({ at }) => !excludes || (at >= 0 && at < axis.from));
    const total = taps.reduce((sum, { weight }) => sum + weight, 0);
    for (const { at, weight } of taps) {
      const inside = Math.min(Math.max(at, 0), axis.from - 1);
      matrix[index * axis.from + inside]! += weight / total;
    }
  }
  return matrix;
}

/** Keys' cubic convolution kernel with parameter a. */
function cubicKernel(a: number): (x: number) => number {
  return (signed) => {
    const x = Math.abs(signed);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
  };
}
