/** Moves a PAD's zeros into the padding of the convolutions behind it; the padded image then never exists. */
import { consumers, type Graph, type Op, tensorOf } from '../ir/graph.js';
import { constantValues, type Tensor } from '../ir/tensor.js';
import { findUnsupported } from '../ops/index.js';

const convolutions = new Set(['conv2d', 'depthwise_conv2d']);

/** Operators that cannot run stay as they are: they are reported later, as the file has them. */
export function foldPads(graph: Graph): Graph {
  return graph.ops.filter((op) => op.kind === 'pad' && canRun(graph, op)).reduce(foldPad, graph);
}

function canRun(graph: Graph, op: Op): boolean {
  return findUnsupported({ ...graph, ops: [op] }).length === 0;
}

function foldPad(graph: Graph, pad: Op): Graph {
  const [from, to] = [pad.inputs[0], pad.outputs[0]];
  const pads = spatialPads(graph, pad);
  if (from == null || to === undefined || pads === null || graph.outputs.includes(to)) return graph;
  const readers = (consumers(graph).get(to) ?? []).map((index) => graph.ops[index]!);
  if (readers.length === 0 || !readers.every((reader) => takesPads(graph, reader, to))) return graph;
  const ops = graph.ops.flatMap((op) => {
    if (op === pad) return [];
    return readers.includes(op) ? [withPads(op, from, pads)] : [op];
  });
  return { ...graph, ops };
}

function takesPads(graph: Graph, op: Op, padded: number): boolean {
  const positions = op.inputs.flatMap((id, index) => (id === padded ? [index] : []));
  if (!convolutions.has(op.kind) || positions.join() !== '0' || !canRun(graph, op)) return false;
  // Padding by zeros commutes only with padding that adds nothing of its own or adds explicit zeros.
  return op.attrs.padding !== 'same' || addsNothing(graph, op);
}

/** Whether SAME padding is no padding at all here: a 1x1 window. */
function addsNothing(graph: Graph, op: Op): boolean {
  const weights = tensorOf(graph, op.inputs[1]!);
  return weights.shape[1] === 1 && weights.shape[2] === 1 && op.attrs.strideH === 1 && op.attrs.strideW === 1;
}

function withPads(op: Op, from: number, pads: readonly number[]): Op {
  const own = op.attrs.padding === 'explicit' ? (op.attrs.pads as readonly number[]) : [0, 0, 0, 0];
  const attrs = { ...op.attrs, padding: 'explicit', pads: pads.map((pad, side) => pad + own[side]!) };
  return { ...op, attrs, inputs: op.inputs.map((id, index) => (index === 0 ? from : id)) };
}

/** [top, bottom, left, right] when the operator pads an image with real zeros along height and width only. */
function spatialPads(graph: Graph, pad: Op): number[] | null {
  const [input, output] = [tensorOf(graph, pad.inputs[0]!), tensorOf(graph, pad.outputs[0]!)];
  const amounts = constantValues(tensorOf(graph, pad.inputs[1]!));
  if (
    amounts === null ||
    input.shape.length !== 4 ||
    amounts.length !== 8 ||
    !padsWithZero(graph, pad, output)
  )
    return null;
  const [n0, n1, top, bottom, left, right, c0, c1] = amounts;
  return n0 || n1 || c0 || c1 ? null : [top!, bottom!, left!, right!];
}

function padsWithZero(graph: Graph, pad: Op, output: Tensor): boolean {
  const value = pad.inputs[2];
  if (value == null) return true;
  const constant = constantValues(tensorOf(graph, value));
  return constant !== null && constant[0] === (output.quant?.zeroPoints[0] ?? 0);
}
