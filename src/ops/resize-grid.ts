/**
 * Where resized images take their pixels from, along one axis: the arithmetic of TensorFlow Lite's reference kernels
 * (tensorflow/lite/kernels/internal/reference/resize_nearest_neighbor.h, resize_bilinear.h), float32 step by step.
 */

/** One axis of `from` pixels resized to `to` pixels. */
export interface Grid {
  readonly from: number;
  readonly to: number;
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

const f = Math.fround;

/** Input pixels per output pixel, float32, and the position of output pixel 0 in half-pixel grids. */
export function floatAxis(grid: Grid): { scale: number; offset: number } {
  const aligned = grid.alignCorners && grid.to > 1;
  return {
    scale: aligned ? f((grid.from - 1) / (grid.to - 1)) : f(grid.from / grid.to),
    offset: grid.halfPixelCenters ? 0.5 : 0,
  };
}

/** The same in 1/1024 of a pixel: position of output pixel i is i * scale + offset. */
export function fixedAxis(grid: Grid): { scale: number; offset: number } {
  const [from, to] = grid.alignCorners && grid.to > 1 ? [grid.from - 1, grid.to - 1] : [grid.from, grid.to];
  const scale = Math.floor((1024 * from + Math.floor(to / 2)) / to);
  return { scale, offset: grid.halfPixelCenters ? Math.floor(scale / 2) - 512 : 0 };
}

/** The input pixel of each output pixel. */
export function nearestIndices(grid: Grid): Int32Array {
  const { scale, offset } = floatAxis(grid);
  return Int32Array.from({ length: grid.to }, (_, index) => {
    const position = f(f(index + offset) * scale);
    const nearest = grid.alignCorners ? Math.floor(position + 0.5) : Math.floor(position);
    return Math.min(nearest, grid.from - 1);
  });
}

/** The two input pixels between which an output pixel lies, for float32 or in 1/1024 of a pixel. */
export function bilinearSources(
  grid: Grid,
  isFloat: boolean,
): (index: number) => readonly [lower: number, upper: number] {
  const { scale, offset } = isFloat ? floatAxis(grid) : fixedAxis(grid);
  return (index) => {
    const position = isFloat ? f(f(f(index + offset) * scale) - offset) : (index * scale + offset) / 1024;
    const inside = (pixel: number) => Math.min(Math.max(pixel, 0), grid.from - 1);
    return [inside(Math.floor(position)), inside(Math.ceil(position))];
  };
}
