/**
 * The frame of operators that only move elements: each output is filled by boxes of the inputs. Element values do not
 * change, so input and output must have one type and one quantisation.
 */

import type { Attrs } from '../ir/graph.js';
import { dtypeBytes, type Tensor, tensorBytes } from '../ir/tensor.js';
import { maxRank } from './broadcast.js';
import { type Box, moveBytes, moveCall } from './move.js';
import type { OpDef, OpView, Refusal, RowRule, TensorType, TfliteBinding } from './op-def.js';
import { firstRefusal, refuseComputed } from './refusal.js';

/** What repeats a constant (TILE, FILL, ...) is computed beforehand only up to this size; else it would fill the flash. */
const maxGrownBytes = 4096;

/** One box: from which input into which output. */
export interface Move {
  readonly input: number;
  readonly output: number;
  readonly box: Box;
}

export interface DataMovement<A extends Attrs> {
  readonly kind: string;
  readonly tflite: readonly TfliteBinding<A>[];
  /** Positions of the inputs that carry data, and of those that must be constants. */
  data(view: OpView<A>): readonly number[];
  constants: readonly number[];
  infer(view: OpView<A>): readonly TensorType[];
  /** Called only when `constants` are constant. */
  moves(view: OpView<A>): readonly Move[];
  refuse?(view: OpView<A>): Refusal | null;
  rows?(view: OpView<A>): RowRule | null;
}

/** Builds the OpDef of an operator that only moves elements. */
export function dataMovement<A extends Attrs>(def: DataMovement<A>): OpDef<A> {
  const constantsMissing = (view: OpView<A>) =>
    firstRefusal(
      ...def.constants.map((index) => () => refuseComputed(view.inputs[index] ?? null, `input ${index}`)),
    );
  return {
    kind: def.kind,
    tflite: def.tflite,
    infer: def.infer,
    refuse: (view) =>
      firstRefusal(
        () => constantsMissing(view),
        () =>
          refuseRescale(
            def.data(view).map((index) => view.input(index)),
            view.outputs,
          ),
        () => def.refuse?.(view) ?? null,
      ),
    macs: () => 0,
    overlaps: () => [],
    rows: (view) => def.rows?.(view) ?? null,
    calls: (view) =>
      def.moves(view).map(({ input, output, box }) => moveCall(view.input(input), view.output(output), box)),
    fold(view) {
      const sources = def.data(view).map((index) => view.input(index));
      if (sources.some((tensor) => tensor.data === null) || constantsMissing(view) || def.refuse?.(view))
        return null;
      const bytes = (tensors: readonly Tensor[]) =>
        tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
      if (bytes(view.outputs) > Math.max(bytes(sources), maxGrownBytes)) return null;
      const results = view.outputs.map((tensor) => new Uint8Array(tensorBytes(tensor)));
      for (const { input, output, box } of def.moves(view)) {
        moveBytes(box, dtypeBytes[view.output(output).dtype], view.input(input).data!, results[output]!);
      }
      return results;
    },
  };
}

/** Moving elements between different types or scales would need arithmetic. */
export function refuseRescale(inputs: readonly Tensor[], outputs: readonly Tensor[]): Refusal | null {
  const all = [...inputs, ...outputs];
  const first = all[0]!;
  const odd = all.find((tensor) => tensor.dtype !== first.dtype);
  if (odd)
    return {
      reason: `tensor ${odd.id} is ${odd.dtype} beside ${first.dtype}`,
      hint: 'quantise the whole network the same way',
    };
  const deep = all.find((tensor) => tensor.shape.length > maxRank);
  if (deep)
    return {
      reason: `tensor ${deep.id} has more than ${maxRank} dimensions`,
      hint: 'reshape it in the network',
    };
  const scaled = all.find((tensor) => scaleText(tensor) !== scaleText(first));
  if (!scaled) return null;
  return {
    reason: `tensors ${first.id} and ${scaled.id} have different scales`,
    hint: 'quantise the network again; converters give both the same scale',
  };
}

function scaleText({ quant }: Tensor): string {
  return quant && quant.scales.length === 1 ? `${quant.scales[0]}:${quant.zeroPoints[0]}` : 'none';
}
