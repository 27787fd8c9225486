/** BATCH_MATMUL of int8 matrices on the DSP extension: the reference call with a faster kernel of the same parameters. */
import type { CStruct, KernelCall } from '../op-def.js';

/** Null for other types. */
export function batchMatmulDsp([call]: readonly KernelCall[]): readonly KernelCall[] | null {
  if (call?.kernel !== 'batch_matmul_s8') return null;
  const { depth } = (call.params.shape as { struct: CStruct }).struct;
  // Two columns of 16 bits and a row of 8.
  const scratchBytes = 5 * Math.ceil(Number(depth) / 4) * 4;
  return [
    {
      ...call,
      kernel: 'batch_matmul_s8_dsp',
      file: 'batch_matmul_dsp',
      paramsType: 'batch_matmul_s8_dsp_params',
      scratchBytes,
    },
  ];
}
