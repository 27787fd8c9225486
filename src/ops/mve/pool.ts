/** Pools of int8 images on Helium: the reference calls with faster kernels of the same parameters. */
import type { KernelCall, OpView } from '../op-def.js';

/** Sums stand in 16 bits. */
const mostPixels = 256;

/** Null: other types, or sums and averages over more pixels. */
export function poolMve(view: OpView, calls: readonly KernelCall[]): readonly KernelCall[] | null {
  const input = view.input(0);
  const [call] = calls;
  if (input.dtype !== 'int8' || !call?.paramsType) return null;
  const isGlobal = call.file === 'global_pool';
  if (!isGlobal && call.file !== 'pool2d') return null;
  const { kernelH, kernelW, pads } = view.attrs;
  const pixels = isGlobal ? input.shape[1]! * input.shape[2]! : Number(kernelH) * Number(kernelW);
  if (pixels > mostPixels && !call.kernel.startsWith('max_')) return null;
  // Every window must have a cell inside the image.
  if (!isGlobal && Math.max(...(pads as readonly number[])) >= Math.min(Number(kernelH), Number(kernelW)))
    return null;
  return [
    {
      ...call,
      kernel: `${call.kernel}_mve`,
      file: `${call.file}_mve`,
      paramsType: call.paramsType.replace('_params', '_mve_params'),
    },
  ];
}
