/**
 * Resize: our resize operators where their grids are ONNX's, else gathers (nearest) or products with a constant matrix
 * (linear, cubic), axis by axis.
 */
import { elementCount } from '../../../ir/tensor.js';
import { nearestIndices } from '../../../ops/resize-grid.js';
import { constantOf, numbersOf } from '../constant.js';
import { refuse } from '../fault.js';
import { formShape, imageForm } from '../form.js';
import type { Lower, LowerTable } from '../lower.js';
import type { Lowering, Value } from '../lowering.js';
import { listOf, numberOf, type OnnxNode, textOf } from '../node.js';
import { gathered } from './move.js';
import { axisIn, inFormWith } from './reduce.js';
import { interpolationMatrix, nearestPositions, type ResizeAxis } from './resize-axis.js';

const resize: Lower = (node, net) => {
  const value = net.input(node, 0);
  const axes = resizedAxes(node, net, value);
  const mode = textOf(node, 'mode', 'nearest');
  if (mode !== 'nearest' && mode !== 'linear' && mode !== 'cubic') refuse(`its mode is ${mode}`);
  const cropping = textOf(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  const changed = [...axes].filter(([, axis]) => axis.from !== axis.to || axis.scale !== 1 || cropping);
  if (changed.length === 0) return [value];
  const image = asImage(net, node, value, new Map(changed), mode);
  if (image) return [image];
  if (mode !== 'nearest' && value.dtype !== 'float32')
    refuse(`it interpolates ${value.dtype} on a grid that has no kernel`);
  if (cropping) refuse('it crops while it resizes');
  return [
    changed.reduce(
      (result, [axis, grid]) =>
        mode === 'nearest'
          ? gathered(net, result, axis, nearestPositions(node, grid))
          : interpolated(net, result, axis, grid, interpolationMatrix(node, grid)),
      value,
    ),
  ];
};

/** The grids by axis of the value. */
function resizedAxes(node: OnnxNode, net: Lowering, value: Value): Map<number, ResizeAxis> {
  const list = (index: number, what: string) => {
    const constant = net.optionalConstant(node, index, what);
    return constant && elementCount(constant.shape) > 0 ? numbersOf(constant) : null;
  };
  const rank = value.shape.length;
  const axes = (listOf(node, 'axes') ?? value.shape.map((_, axis) => axis)).map((axis) => axisIn(axis, rank));
  const [roi, stated, sizes] = [
    list(1, 'its region'),
    list(2, 'its list of scales'),
    list(3, 'its list of sizes'),
  ];
  const wanted = stated ?? sizes;
  if (wanted?.length !== axes.length)
    return refuse('its sizes do not fit its axes', 'export the network again');
  const dim = (at: number) => value.shape[axes[at]!]!;
  const policy = textOf(node, 'keep_aspect_ratio_policy', 'stretch');
  const ratios = wanted.map((size, at) => (stated ? size : size / dim(at)));
  const common = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  const scales = !stated && policy !== 'stretch' ? ratios.map(() => common) : ratios;
  return new Map(
    axes.map((axis, at) => {
      const scale = scales[at]!;
      const from = dim(at);
      // Half up, as the specification says for keep_aspect_ratio_policy; scales themselves are rounded down.
      const to = stated
        ? Math.floor(from * scale)
        : policy === 'stretch'
          ? wanted[at]!
          : Math.floor(from * scale + 0.5);
      if (!(to >= 1)) refuse(`nothing is left of an axis of ${from}`, 'export the network again');
      return [axis, { from, to, scale, region: [roi?.[at] ?? 0, roi?.[at + axes.length] ?? 1] as const }];
    }),
  );
}

/** One of our image operators, where only height and width change and one of their grids is the wanted one. */
function asImage(
  net: Lowering,
  node: OnnxNode,
  value: Value,
  axes: ReadonlyMap<number, ResizeAxis>,
  mode: string,
): Value | null {
  if (value.shape.length !== 4 || [...axes.keys()].some((axis) => axis < 2) || mode === 'cubic') return null;
  const grids = [2, 3].map(
    (axis) =>
      axes.get(axis) ?? {
        from: value.shape[axis]!,
        to: value.shape[axis]!,
        scale: 1,
        region: [0, 1] as const,
      },
  );
  const kinds = [
    { alignCorners: false, halfPixelCenters: true },
    { alignCorners: false, halfPixelCenters: false },
    { alignCorners: true, halfPixelCenters: false },
  ];
  const kind = kinds.find((candidate) => grids.every((grid) => sameGrid(node, grid, candidate, mode)));
  if (!kind) return null;
  const form = imageForm(4);
  const shape = [value.shape[0]!, value.shape[1]!, grids[0]!.to, grids[1]!.to];
  const size = net.integers([grids[0]!.to, grids[1]!.to], 'size');
  const name = mode === 'nearest' ? 'resize_nearest_neighbor' : 'resize_bilinear';
  const made = net.emit(name, [net.tensorIn(value, form), size], formShape(form, shape), value, kind);
  return net.computed(made, form, shape);
}

interface GridKind {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

function sameGrid(node: OnnxNode, axis: ResizeAxis, kind: GridKind, mode: string): boolean {
  if (mode === 'nearest')
    return nearestIndices({ ...axis, ...kind }).join() === nearestPositions(node, axis).join();
  const transform = textOf(node, 'coordinate_transformation_mode', 'half_pixel');
  const halfPixel = transform === 'half_pixel' || (transform === 'pytorch_half_pixel' && axis.to > 1);
  const named = halfPixel ? kind.halfPixelCenters : transform === 'align_corners' ? kind.alignCorners : false;
  const asymmetric = transform === 'asymmetric' && !kind.halfPixelCenters && !kind.alignCorners;
  const smooth = numberOf(node, 'antialias', 0) === 1 && axis.scale < 1;
  const exact = Math.abs(axis.scale - axis.to / axis.from) < 1e-6 * axis.scale;
  return (named || asymmetric) && exact && !smooth;
}

/** A constant matrix times the elements along an axis. */
function interpolated(
  net: Lowering,
  value: Value,
  axis: number,
  { from, to }: ResizeAxis,
  matrix: readonly number[],
): Value {
  const form = inFormWith(net, value, axis);
  const at = form.indexOf(axis);
  const tensor = net.tensorIn(value, form);
  const dims = net.tensors[tensor]!.shape;
  const [before, after] = [elementCount(dims.slice(0, at)), elementCount(dims.slice(at + 1))];
  const weights = net.constantTensor(constantOf('float32', [to, from], matrix), 'matrix');
  const flat = net.asShape(tensor, [before, from, after]);
  const made = net.emit('batch_matmul', [weights, flat], [before, to, after], value, {
    adjX: false,
    adjY: false,
  });
  return net.computed(net.asShape(made, dims.with(at, to)), form, value.shape.with(axis, to));
}

export const resizes: LowerTable = { Resize: resize };
