/**
 * Networks of repeated cells (DARTS, NASNet, NAS-Bench-201): a cell is a list of nodes, each the sum of operations on earlier ones.
 * Sources: Liu et al., DARTS, arXiv 1806.09055, section 2.1; Dong and Yang, NAS-Bench-201, arXiv 2001.00326, section 2.
 */
import { z } from 'zod';
import type { Graph } from '../../ir/graph.js';
import type { TensorId } from '../../ir/tensor.js';
import { NetworkWriter } from './network-writer.js';

const count = z.int().min(1).max(4096);

const operations = ['conv1', 'conv3', 'conv5', 'sep3', 'sep5', 'avg3', 'max3', 'skip'] as const;

/** What a node adds up: an operation and the number of what it is applied to; the cell's inputs come first, then its nodes. */
const node = z.array(z.tuple([z.enum(operations), z.int().min(0)])).min(1);
const cell = z.array(node).min(1).max(32);

export const cellNetworkSchema = z.strictObject({
  architecture: z.literal('cells'),
  image: count.default(32),
  channels: z.int().min(1).max(64).default(3),
  /** Channels of the first cells' nodes; each reduction doubles them. */
  width: count.default(16),
  /** 2: a cell sees the cells before and before that (DARTS); 1: only the one before (NAS-Bench-201). */
  inputs: z.union([z.literal(1), z.literal(2)]).default(2),
  /** What leaves a cell: all nodes beside each other, or the last one. */
  output: z.enum(['concat', 'last']).default('concat'),
  normal: cell,
  /** Operations on the cell's inputs take every second pixel; without it a reduction is a 3x3 convolution. */
  reduction: cell.optional(),
  layers: z
    .array(z.enum(['normal', 'reduction']))
    .min(1)
    .max(256),
  classes: count.default(10),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
});

export type CellNetwork = z.infer<typeof cellNetworkSchema>;

/** The first node that refers to itself or to a later one, as a message; null when there is none. */
export function cellMistake({ inputs, normal, reduction }: CellNetwork): string | null {
  for (const [name, nodes] of Object.entries({ normal, reduction: reduction ?? [] }))
    for (const [index, sum] of nodes.entries())
      for (const [operation, from] of sum)
        if (from >= inputs + index)
          return `${name}: node ${index} applies ${operation} to ${from}, which comes later`;
  return null;
}

/** The int8 network with random weights. */
export function cellNetwork(arch: CellNetwork, name: string): Graph {
  const writer = new NetworkWriter(name, arch.seed);
  const input = writer.input([1, arch.image, arch.image, arch.channels]);
  const stem = convolution(writer, 'stem', input, arch.width, 3, 1);
  let [before, last, width] = [stem, stem, arch.width];
  arch.layers.forEach((layer, index) => {
    const reduces = layer === 'reduction';
    if (reduces) width *= 2;
    const nodes = reduces ? arch.reduction : arch.normal;
    const made = nodes
      ? runCell(writer, arch, nodes, { name: `layers.${index}`, width, stride: reduces ? 2 : 1 }, [
          before,
          last,
        ])
      : convolution(writer, `layers.${index}`, last, width, 3, 2);
    [before, last] = [last, made];
  });
  const features = writer.mean('features', last, [1, 2], 0.5);
  return writer.build(input, writer.linear('classifier', features, arch.classes, 1, 0.5));
}

interface Cell {
  readonly name: string;
  readonly width: number;
  /** Of operations on the cell's inputs. */
  readonly stride: number;
}

function runCell(
  writer: NetworkWriter,
  { inputs, output }: CellNetwork,
  nodes: z.infer<typeof cell>,
  { name, width, stride }: Cell,
  [before, last]: readonly [TensorId, TensorId],
): TensorId {
  const size = writer.shape(last)[1]!;
  const entering = inputs === 1 ? [last] : [before, last];
  const values = entering.map((id, index) =>
    convolution(writer, `${name}.input${index}`, id, width, 1, Math.round(writer.shape(id)[1]! / size)),
  );
  for (const [index, sum] of nodes.entries()) {
    const terms = sum.map(([operation, from], term) =>
      apply(
        writer,
        operation,
        `${name}.node${index}.${term}`,
        values[from]!,
        width,
        from < inputs ? stride : 1,
      ),
    );
    values.push(terms.reduce((a, b, term) => writer.sum(`${name}.node${index}.sum${term}`, a, b)));
  }
  const made = values.slice(inputs);
  return output === 'last' || made.length === 1
    ? made.at(-1)!
    : writer.concatenate(`${name}.output`, made, 3);
}

function apply(
  writer: NetworkWriter,
  operation: (typeof operations)[number],
  name: string,
  from: TensorId,
  width: number,
  stride: number,
): TensorId {
  switch (operation) {
    case 'conv1':
    case 'conv3':
    case 'conv5':
      return convolution(writer, name, from, width, Number(operation.at(-1)), stride);
    case 'sep3':
    case 'sep5': {
      const kernel = Number(operation.at(-1));
      const filtered = convolution(writer, `${name}.depthwise`, from, width, kernel, stride, true);
      return convolution(writer, `${name}.pointwise`, filtered, width, 1, 1);
    }
    case 'avg3':
      return writer.pool(name, 'average_pool2d', from, 3, stride);
    case 'max3':
      return writer.pool(name, 'max_pool2d', from, 3, stride);
    case 'skip':
      return stride === 1 ? from : convolution(writer, name, from, width, 1, stride);
  }
}

/** Every result is clamped below at zero, and so has the same scale as all others. */
function convolution(
  writer: NetworkWriter,
  name: string,
  from: TensorId,
  channels: number,
  kernel: number,
  stride: number,
  depthwise = false,
): TensorId {
  return writer.convolution(name, from, {
    channels,
    kernel,
    stride,
    pads: null,
    activation: 'relu',
    depthwise,
  });
}
