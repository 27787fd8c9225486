/** Pools of int8 images on the DSP extension: the reference calls with faster kernels of the same parameters. */
import type { KernelCall, OpView } from '../op-def.js';

/** Sums of an average stand in 16 bits. */
const mostPixels = 255;

/** Null: other types, odd channels, or averages over very large windows. The global kernels take any shape. */
export function poolDsp(view: OpView, calls: readonly KernelCall[]): readonly KernelCall[] | null {
  const [input] = [view.input(0)];
  const [call] = calls;
  if (input.dtype !== 'int8' || !call?.paramsType) return null;
  const isGlobal = call.file === 'global_pool';
  if (!isGlobal && call.file !== 'pool2d') return null;
  const { kernelH, kernelW } = view.attrs;
  if (!isGlobal && (input.shape[3]! % 4 !== 0 || Number(kernelH) * Number(kernelW) > mostPixels)) return null;
  return [
    {
      ...call,
      kernel: `${call.kernel}_dsp`,
      file: `${call.file}_dsp`,
      paramsType: call.paramsType.replace('_params', '_dsp_params'),
    },
  ];
}
