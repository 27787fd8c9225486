/** SOFTMAX of int8 inputs and outputs on Helium: rf_softmax_mve_s8, with the parameters of the kernel with a table. */
import type { KernelCall } from '../op-def.js';
import { softmaxTable } from '../plain/softmax.js';

/** Null for other types. */
export function softmaxMve(calls: readonly KernelCall[]): readonly KernelCall[] | null {
  const [call] = softmaxTable(calls) ?? [];
  if (call?.kernel !== 'softmax_table_s8') return null;
  return [{ ...call, kernel: 'softmax_mve_s8', file: 'softmax_mve', paramsType: 'softmax_mve_params' }];
}
