/** SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND by constant blocks: every block-th pixel becomes an image, and back. */
import { constantIntegers, dtypeBytes, type Tensor } from '../ir/tensor.js';
import { refuseRescale } from './data-movement.js';
import type { CStruct, OpDef, OpView, Refusal } from './op-def.js';
import { zeroElement } from './pad.js';
import { firstRefusal, refuseComputed, refuseRank } from './refusal.js';

export const spaceToBatch = blocks('space_to_batch', 38, 'SPACE_TO_BATCH_ND');
export const batchToSpace = blocks('batch_to_space', 37, 'BATCH_TO_SPACE_ND');

function blocks(kind: 'space_to_batch' | 'batch_to_space', builtin: number, name: string): OpDef {
  const apart = kind === 'space_to_batch';
  return {
    kind,
    tflite: [{ builtin, name, attrs: () => ({}) }],
    infer(view) {
      const { shape, dtype } = view.input(0);
      const { block, before, after } = geometry(view);
      const area = block.reduce((product, size) => product * size, 1);
      const spatial = block.map((size, axis) => {
        const dim = shape[axis + 1]!;
        const border = before[axis]! + after[axis]!;
        return apart ? (dim + border) / size : dim * size - border;
      });
      const batch = apart ? shape[0]! * area : shape[0]! / area;
      return [{ dtype, shape: [batch, ...spatial, shape.at(-1)!] }];
    },
    refuse: (view) =>
      firstRefusal(
        () => refuseRank(view.input(0), [3, 4], 'the input'),
        () => refuseComputed(view.input(1), 'the block'),
        () => refuseComputed(view.input(2), apart ? 'the padding' : 'the cropping'),
        () => refuseRescale([view.input(0)], view.outputs),
        () => refuseGeometry(view),
      ),
    macs: () => 0,
    overlaps: () => [],
    calls(view) {
      const [input, output] = [view.input(0), view.output(0)];
      const { block, before } = geometry(view);
      const [wide, narrow] = apart ? [input, output] : [output, input];
      return [
        {
          kernel: kind,
          file: 'space_to_batch',
          paramsType: 'space_to_batch_params',
          params: {
            pixel_bytes: wide.shape.at(-1)! * dtypeBytes[input.dtype],
            element_bytes: dtypeBytes[input.dtype],
            ...sizes('space', wide),
            ...sizes('batch', narrow),
            block_h: block[0]!,
            block_w: block[1] ?? 1,
            top: before[0]!,
            left: before[1] ?? 0,
            padding: { list: [...zeroElement(output)] },
          },
          form: 'whole',
          reads: [input.id],
          writes: [output.id],
          scratchBytes: 0,
        },
      ];
    },
  };
}

/** Images, height and width; a tensor without width has a width of 1. */
function sizes(prefix: string, { shape }: Tensor): CStruct {
  return {
    [`${prefix}_n`]: shape[0]!,
    [`${prefix}_h`]: shape[1]!,
    [`${prefix}_w`]: shape.length === 4 ? shape[2]! : 1,
  };
}

function geometry(view: OpView) {
  const block = constantIntegers(view.input(1)) ?? [];
  const border = constantIntegers(view.input(2)) ?? [];
  return {
    block,
    before: border.filter((_, at) => at % 2 === 0),
    after: border.filter((_, at) => at % 2 === 1),
  };
}

function refuseGeometry(view: OpView): Refusal | null {
  const { block, before, after } = geometry(view);
  const spatial = view.input(0).shape.length - 2;
  const fits =
    [block, before, after].every((list) => list.length === spatial) &&
    block.every((size) => size >= 1) &&
    [...before, ...after].every((size) => size >= 0);
  return fits
    ? null
    : {
        reason: `blocks of [${block}] do not fit [${view.input(0).shape}]`,
        hint: 'export the network again',
      };
}
