/** SOFTMAX of int8 inputs with a table of exponentials: rf_softmax_table_s8. It replaces more code than it has bytes. */
import { exponentialOfDifference } from '../fixed-point.js';
import type { KernelCall } from '../op-def.js';

/** Null for other types of inputs. */
export function softmaxTable([call]: readonly KernelCall[]): readonly KernelCall[] | null {
  if (!call || !/^softmax_s8/.test(call.kernel)) return null;
  const { rows, depth, multiplier, left_shift, diff_min } = call.params as Record<string, number>;
  const count = Math.min(255, -diff_min!) + 1;
  const table = Int32Array.from({ length: count }, (_, below) =>
    exponentialOfDifference(-below, multiplier!, left_shift!),
  );
  return [
    {
      ...call,
      kernel: call.kernel.replace('softmax', 'softmax_table'),
      file: 'softmax_table',
      paramsType: 'softmax_table_params',
      params: {
        rows: rows!,
        depth: depth!,
        count,
        table: { array: { role: 'exp_table', values: table, weight: false } },
      },
    },
  ];
}
