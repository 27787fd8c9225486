/** Operators that take tensors apart and put them together. */
import { constantOf, joined, numbersOf, taken } from '../constant.js';
import { refuse } from '../fault.js';
import { type Form, formShape, plainForm } from '../form.js';
import type { Lower, LowerTable } from '../lower.js';
import type { Lowering, Value } from '../lowering.js';
import { numberOf, type OnnxNode, textOf } from '../node.js';
import { imageOf, imageValue } from './image.js';
import { axisIn, inFormWith } from './reduce.js';

const concat: Lower = (node, net) => {
  const values = node.inputs.map((_, index) => net.input(node, index));
  const rank = values[0]!.shape.length;
  const axis = axisIn(numberOf(node, 'axis', 0), rank);
  // Constants of no elements, which exporters leave in lists of shapes, add nothing.
  const parts = values.filter((value) => value.shape[axis]! > 0);
  const lead = parts.find((value) => !value.constant && !value.reshapeOf);
  const leadForm = lead ? net.formOf(lead) : plainForm(rank);
  const form: Form =
    leadForm.includes(axis) && leadForm.filter((at) => at !== null).length === rank
      ? leadForm
      : plainForm(rank);
  const shape = values[0]!.shape.with(
    axis,
    parts.reduce((sum, value) => sum + value.shape[axis]!, 0),
  );
  for (const value of parts)
    if (value.shape.some((dim, at) => at !== axis && dim !== shape[at]))
      refuse(
        `[${value.shape}] and [${shape}] cannot be joined along axis ${axis}`,
        'export the network again',
      );
  const constants = parts.flatMap((value) => value.constant ?? []);
  if (constants.length === parts.length) return [net.known(joined(constants, axis, shape))];
  const type = {
    dtype: values[0]!.dtype,
    quant: net.quantised ? net.resultType(values[0]!).quant : values[0]!.quant,
  };
  const tensors = parts.map((value) => net.requantised(net.tensorIn(value, form), type));
  if (tensors.length === 1) return [net.computed(tensors[0]!, form, shape)];
  const made = net.emit('concatenation', tensors, formShape(form, shape), type, { axis: form.indexOf(axis) });
  return [net.computed(made, form, shape)];
};

const split: Lower = (node, net) => {
  const value = net.input(node, 0);
  const axis = axisIn(numberOf(node, 'axis', 0), value.shape.length);
  const stated = net.optionalConstant(node, 1, 'its list of lengths');
  const length = value.shape[axis]!;
  const count = node.outputs.length;
  const even = Math.ceil(length / numberOf(node, 'num_outputs', count));
  const lengths = stated
    ? numbersOf(stated)
    : Array.from({ length: count }, (_, at) => Math.min(even, length - at * even));
  if (
    lengths.length !== count ||
    lengths.some((part) => part < 1) ||
    lengths.reduce((sum, part) => sum + part, 0) !== length
  )
    refuse(`[${value.shape}] cannot be cut into [${lengths}] along axis ${axis}`, 'export the network again');
  if (count === 1) return [value];
  const { constant } = value;
  if (constant)
    return runs(lengths).map((run) => net.known(taken(constant, alongOnly(constant.shape, axis, run))));
  const form = inFormWith(net, value, axis);
  const inputs = [
    net.tensorIn(value, form),
    net.integers(lengths, 'lengths'),
    net.integers([form.indexOf(axis)], 'axis', []),
  ];
  const parts = lengths.map((part) => value.shape.with(axis, part));
  const made = net.emitAll(
    'split_v',
    inputs,
    parts.map((part) => formShape(form, part)),
    value,
    { count },
  );
  return made.map((tensor, index) => net.computed(tensor, form, parts[index]!));
};

/** Consecutive positions, so many a run. */
function runs(lengths: readonly number[]): number[][] {
  let first = 0;
  return lengths.map((length) => {
    first += length;
    return Array.from({ length }, (_, index) => first - length + index);
  });
}

/** A list of positions for one axis, none for the others. */
function alongOnly(shape: readonly number[], axis: number, positions: readonly number[]) {
  return shape.map((_, at) => (at === axis ? positions : null));
}

interface Cut {
  readonly begin: number;
  readonly end: number;
  readonly step: number;
}

/** One of our slices; `cuts` by axis of the value. */
function sliced(net: Lowering, value: Value, cuts: ReadonlyMap<number, Cut>): Value {
  const shape = value.shape.map((dim, axis) => {
    const cut = cuts.get(axis);
    return cut ? Math.max(0, Math.ceil((cut.end - cut.begin) / cut.step)) : dim;
  });
  if (shape.join() === value.shape.join() && [...cuts.values()].every(({ step }) => step > 0)) return value;
  if (value.constant) {
    const list = ({ begin, step }: Cut, axis: number) =>
      Array.from({ length: shape[axis]! }, (_, index) => begin + index * step);
    const lists = shape.map((_, axis) => (cuts.has(axis) ? list(cuts.get(axis)!, axis) : null));
    return net.known(taken(value.constant, lists));
  }
  if (shape.some((dim) => dim < 1)) refuse(`nothing is left of [${value.shape}]`, 'export the network again');
  const here = value.reshapeOf ? plainForm(value.shape.length) : net.formOf(value);
  const form = [...cuts.keys()].every((axis) => here.includes(axis)) ? here : plainForm(value.shape.length);
  const tensor = net.tensorIn(value, form);
  const whole = (at: number): Cut => ({ begin: 0, end: net.tensors[tensor]!.shape[at]!, step: 1 });
  const list = form.map((axis, at) => (axis === null ? whole(at) : (cuts.get(axis) ?? whole(at))));
  // A mask says "to the end" where the end of a backward slice lies before the first element.
  const endMask = list.reduce((mask, { end }, at) => (end < 0 ? mask | (1 << at) : mask), 0);
  const bounds = (['begin', 'end', 'step'] as const).map((part) =>
    net.integers(
      list.map((cut) => cut[part]),
      part,
    ),
  );
  const attrs = { beginMask: 0, endMask, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0, offset: 0 };
  const made = net.emit('strided_slice', [tensor, ...bounds], formShape(form, shape), value, attrs);
  return net.computed(made, form, shape);
}

/** The cut along an axis of `dim` elements, as ONNX's Slice clamps its bounds. */
export function cutOf(dim: number, begin: number, end: number, step: number): Cut {
  if (!step) refuse('a slice has a step of 0', 'export the network again');
  const wrap = (value: number) => (value < 0 ? value + dim : value);
  const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  return step > 0
    ? { begin: clamp(wrap(begin), 0, dim), end: clamp(wrap(end), 0, dim), step }
    : { begin: clamp(wrap(begin), 0, dim - 1), end: clamp(wrap(end), -1, dim - 1), step };
}

/** The cuts of a Slice by axis of its input. */
export function cutsOf(node: OnnxNode, net: Lowering, shape: readonly number[]): Map<number, Cut> {
  const list = (index: number, what: string) => numbersOf(net.constant(node, index, what));
  const [begins, ends] = [list(1, 'its list of starts'), list(2, 'its list of ends')];
  const axes = net.optional(node, 3) ? list(3, 'its list of axes') : begins.map((_, axis) => axis);
  const steps = net.optional(node, 4) ? list(4, 'its list of steps') : begins.map(() => 1);
  return new Map(
    axes.map((stated, at) => {
      const axis = axisIn(stated, shape.length);
      return [axis, cutOf(shape[axis]!, begins[at]!, ends[at]!, steps[at]!)];
    }),
  );
}

const slice: Lower = (node, net) => {
  const value = net.input(node, 0);
  return [sliced(net, value, cutsOf(node, net, value.shape))];
};

/** Slices along an axis at constant or computed positions. */
const gather: Lower = (node, net) => {
  const [value, indices] = [net.input(node, 0), net.input(node, 1)];
  const axis = axisIn(numberOf(node, 'axis', 0), value.shape.length);
  const length = value.shape[axis]!;
  const shape = [...value.shape.slice(0, axis), ...indices.shape, ...value.shape.slice(axis + 1)];
  if (!indices.constant) {
    if (indices.dtype !== 'int32' && indices.dtype !== 'int64') refuse(`its indices are ${indices.dtype}`);
    const inputs = [
      net.tensorIn(value, plainForm(value.shape.length)),
      net.tensorIn(indices, plainForm(indices.shape.length)),
    ];
    const made = net.emit('gather', inputs, shape, value, { axis, batchDims: 0 });
    return [net.computed(made, plainForm(shape.length), shape)];
  }
  const positions = numbersOf(indices.constant).map((index) => (index < 0 ? index + length : index));
  if (positions.some((index) => !(index >= 0 && index < length)))
    refuse(`an index is not in an axis of ${length}`, 'export the network again');
  return [net.reshaped(gathered(net, value, axis, positions), shape)];
};

/** Elements at constant positions along an axis; a run of neighbours is a slice. */
export function gathered(net: Lowering, value: Value, axis: number, positions: readonly number[]): Value {
  const { constant } = value;
  if (constant) return net.known(taken(constant, alongOnly(constant.shape, axis, positions)));
  const first = positions[0]!;
  if (positions.every((at, index) => at === first + index))
    return sliced(net, value, new Map([[axis, { begin: first, end: first + positions.length, step: 1 }]]));
  const form = inFormWith(net, value, axis);
  const shape = value.shape.with(axis, positions.length);
  const tensors = [net.tensorIn(value, form), net.integers(positions, 'indices')];
  const made = net.emit('gather', tensors, formShape(form, shape), value, {
    axis: form.indexOf(axis),
    batchDims: 0,
  });
  return net.computed(made, form, shape);
}

const pad: Lower = (node, net) => {
  const value = net.input(node, 0);
  const rank = value.shape.length;
  const stated = numbersOf(net.constant(node, 1, 'its list of paddings'));
  const axesInput = net.optionalConstant(node, 3, 'its list of axes');
  const axes = axesInput
    ? numbersOf(axesInput).map((axis) => axisIn(axis, rank))
    : value.shape.map((_, axis) => axis);
  if (stated.length !== 2 * axes.length)
    refuse(`[${stated}] does not fit ${axes.length} axes`, 'export the network again');
  const amounts = value.shape.map((): [number, number] => [0, 0]);
  axes.forEach((axis, at) => {
    amounts[axis] = [stated[at]!, stated[at + axes.length]!];
  });
  const mode = textOf(node, 'mode', 'constant');
  if (mode !== 'constant') return [folded(net, value, amounts, mode)];
  return [padded(net, cropped(net, value, amounts), amounts, node)];
};

/** Negative paddings take elements away. */
function cropped(net: Lowering, value: Value, amounts: readonly [number, number][]): Value {
  const cuts = new Map<number, Cut>();
  amounts.forEach(([before, after], axis) => {
    if (before < 0 || after < 0)
      cuts.set(axis, { begin: Math.max(0, -before), end: value.shape[axis]! + Math.min(0, after), step: 1 });
  });
  return cuts.size === 0 ? value : sliced(net, value, cuts);
}

function padded(net: Lowering, value: Value, amounts: readonly [number, number][], node: OnnxNode): Value {
  const added = amounts.map(([before, after]) => [Math.max(0, before), Math.max(0, after)] as const);
  if (added.every(([before, after]) => before + after === 0)) return value;
  const filler = net.optionalConstant(node, 2, 'its padding value');
  if (filler && net.quantised && numbersOf(filler)[0] !== 0)
    refuse('its padding is not 0 although it is quantised');
  const here = value.reshapeOf ? plainForm(value.shape.length) : net.formOf(value);
  const form = added.every(([b, a], axis) => b + a === 0 || here.includes(axis))
    ? here
    : plainForm(value.shape.length);
  const list = form.flatMap((axis) => (axis === null ? [0, 0] : [...added[axis]!]));
  const shape = value.shape.map((dim, axis) => dim + added[axis]![0] + added[axis]![1]);
  const number = filler ? numbersOf(filler)[0]! : 0;
  const inputs = [net.tensorIn(value, form), net.integers(list, 'padding', [form.length, 2])];
  const with0 =
    number === 0 ? inputs : [...inputs, net.constantTensor(constantOf(value.dtype, [1], [number]), 'value')];
  return net.computed(net.emit('pad', with0, formShape(form, shape), value), form, shape);
}

/** Paddings by elements of the input: axis after axis, elements at positions that turn back, stay, or wrap around. */
function folded(net: Lowering, value: Value, amounts: readonly [number, number][], mode: string): Value {
  const source = (at: number, size: number): number => {
    if (mode === 'edge') return Math.min(Math.max(at, 0), size - 1);
    if (mode === 'wrap') return ((at % size) + size) % size;
    const period = 2 * (size - 1);
    const turned = size === 1 ? 0 : ((at % period) + period) % period;
    return turned < size ? turned : period - turned;
  };
  if (!['edge', 'wrap', 'reflect'].includes(mode)) refuse(`its mode is ${mode}`);
  return amounts.reduce((result, [before, after], axis) => {
    if (before === 0 && after === 0) return result;
    const size = result.shape[axis]!;
    const length = Math.max(0, size + before + after);
    return gathered(
      net,
      result,
      axis,
      Array.from({ length }, (_, index) => source(index - before, size)),
    );
  }, value);
}

const depthToSpace: Lower = (node, net) => {
  const value = net.input(node, 0);
  const image = imageOf(net, value);
  const block = numberOf(node, 'blocksize', 0);
  const channels = image.channels / block ** 2;
  if (image.rank !== 4 || !Number.isInteger(channels))
    refuse(`[${value.shape}] has no blocks of ${block}`, 'export the network again');
  const [height, width] = image.size;
  const shape = [image.batch, height * block, width * block, channels];
  // CRD keeps the cells of a block together within each channel; our operator, like DCR, keeps the channels together.
  const [n, d, c] = [image.batch * height * width, block ** 2, channels];
  const source =
    textOf(node, 'mode', 'DCR') === 'CRD'
      ? net.asShape(net.transpose(net.asShape(image.tensor, [n, c, d]), [0, 2, 1]), [
          image.batch,
          height,
          width,
          d * c,
        ])
      : image.tensor;
  return [imageValue(net, net.emit('depth_to_space', [source], shape, value, { block }), 4)];
};

const spaceToDepth: Lower = (node, net) => {
  const value = net.input(node, 0);
  const image = imageOf(net, value);
  const block = numberOf(node, 'blocksize', 0);
  const [height, width] = [image.size[0] / block, image.size[1] / block];
  if (image.rank !== 4 || !Number.isInteger(height) || !Number.isInteger(width))
    refuse(`[${value.shape}] has no blocks of ${block}`, 'export the network again');
  const shape = [image.batch, height, width, image.channels * block ** 2];
  const deep = net.emit('space_to_depth', [image.tensor], shape, value, { block });
  if (textOf(node, 'mode', 'DCR') === 'DCR') return [imageValue(net, deep, 4)];
  const cells = net.asShape(deep, [image.batch * height * width, block ** 2, image.channels]);
  return [imageValue(net, net.asShape(net.transpose(cells, [0, 2, 1]), shape), 4)];
};

export const moves: LowerTable = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
