/**
 * Takes back what the peak of the cuts does not need: rows that lie over dying rows make sizes odd, and tensors in many
 * pieces make many buffers; both make offsets hard to find, and pieces take tables in the code.
 */
import type { TensorId } from '../ir/tensor.js';
import { alignUp } from './alignment.js';
import type { Cuts, Segment } from './cut-segments.js';
import type { RowGraph, RowTensor } from './row-graph.js';
import { SegmentNeeds } from './segment-need.js';

export function spareMoves(graph: RowGraph, cuts: Cuts): RowGraph {
  return fewestPieces(leastShifting(graph, cuts), cuts);
}

function leastShifting(graph: RowGraph, { segments, peakBytes }: Cuts): RowGraph {
  const ops = [...graph.ops];
  const trial: RowGraph = { ...graph, ops };
  for (const { first, last } of segments) {
    for (let position = first; position < last; position++) {
      const op = ops[position]!;
      if (op.shiftBytes === null) continue;
      ops[position] = { ...op, shiftBytes: null };
      if (new SegmentNeeds(trial).peak(first, last) > peakBytes) ops[position] = op;
    }
  }
  return trial;
}

/** Tensors that operators running alone write and read lie in one piece where their rows need not die one by one. */
function fewestPieces(graph: RowGraph, { segments, peakBytes }: Cuts): RowGraph {
  const segmentOf = segments.flatMap((segment) =>
    new Array<Segment>(segment.last - segment.first).fill(segment),
  );
  const tensors = new Map<TensorId, RowTensor>(graph.tensors);
  const trial: RowGraph = { ...graph, tensors };
  for (const [id, tensor] of graph.tensors) {
    if (tensor.units === 1 || tensor.producer === null) continue;
    const touched = [tensor.producer, ...tensor.readers].map((position) => segmentOf[position]!);
    if (touched.some(({ first, last }) => last - first > 1)) continue;
    const bytes = tensor.units * tensor.unitBytes;
    tensors.set(id, { ...tensor, units: 1, unitBytes: bytes, heldBytes: alignUp(bytes, graph.rowAlignment) });
    const needs = new SegmentNeeds(trial);
    if (touched.some(({ first, last }) => needs.peak(first, last) > peakBytes)) tensors.set(id, tensor);
  }
  return trial;
}
