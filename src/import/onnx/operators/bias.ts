/** The bias of convolutions and fully connected layers: float32 as it is, or int32 in the scale of the products. */
import { elementCount, type TensorId } from '../../../ir/tensor.js';
import { type Constant, constantOf, numbersOf, reshaped } from '../constant.js';
import { refuse } from '../fault.js';
import type { ElementType, Lowering } from '../lowering.js';

/**
 * The tensor of a bias, or null for none.
 * @param weights in the order of our kernels, with their scales where the node runs in integers
 */
export function biasTensor(
  net: Lowering,
  bias: Constant | null,
  input: ElementType,
  weights: Constant,
  channels: number,
): TensorId | null {
  if (!bias) return null;
  if (elementCount(bias.shape) !== channels)
    refuse(`its bias [${bias.shape}] does not fit ${channels} channels`, 'export the network again');
  const flat = reshaped(bias, [channels]);
  if (!net.quantised) return net.constantTensor(flat, 'bias');
  const [{ scales = [] } = {}, inputScale] = [weights.quant, input.quant!.scales[0]!];
  const products = Array.from(
    { length: channels },
    (_, channel) => inputScale * (scales[channel] ?? scales[0]!),
  );
  return net.constantTensor(constantOf('int32', [channels], inProductScale(flat, products)), 'bias');
}

/** The integers as they are when they have the scale of the products already, else the real numbers in that scale. */
function inProductScale(bias: Constant, products: readonly number[]): number[] {
  const { quant } = bias;
  const values = numbersOf(bias);
  if (!quant) return values.map((value, channel) => Math.round(value / products[channel]!));
  return values.map((value, channel) => {
    const scale = quant.scales[channel] ?? quant.scales[0]!;
    const zero = quant.zeroPoints[channel] ?? quant.zeroPoints[0]!;
    const ratio = scale / products[channel]!;
    return Math.abs(ratio - 1) < 1e-5 ? value - zero : Math.round((value - zero) * ratio);
  });
}
