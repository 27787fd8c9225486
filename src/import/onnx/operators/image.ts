/** Images and signals as our spatial operators see them: NHWC, a signal being an image one pixel wide. */

import type { TensorId } from '../../../ir/tensor.js';
import { refuse } from '../fault.js';
import { formShape, imageForm } from '../form.js';
import type { Lowering, Value } from '../lowering.js';

export interface Image {
  readonly tensor: TensorId;
  readonly batch: number;
  /** Height and width. */
  readonly size: readonly [number, number];
  readonly channels: number;
  /** Rank of the value: 3 for a signal, 4 for an image. */
  readonly rank: number;
}

export function imageOf(net: Lowering, value: Value): Image {
  const rank = value.shape.length;
  if (rank !== 3 && rank !== 4)
    refuse(
      `its input has ${rank} dimensions; signals of 3 and images of 4 are supported`,
      'reshape it in the network',
    );
  const tensor = net.tensorIn(value, imageForm(rank));
  const [batch = 1, height = 1, width = 1, channels = 1] = formShape(imageForm(rank), value.shape);
  return { tensor, batch, size: [height, width], channels, rank };
}

/** The value of an NHWC tensor, as rank 3 or 4. */
export function imageValue(net: Lowering, tensor: TensorId, rank: number): Value {
  const [batch = 1, height = 1, width = 1, channels = 1] = net.tensors[tensor]!.shape;
  return net.computed(
    tensor,
    imageForm(rank),
    rank === 3 ? [batch, channels, height] : [batch, channels, height, width],
  );
}
