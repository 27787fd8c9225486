/** Raw tensors on disk: `t<index>_<dtype>_<shape>.bin`, little endian. */
import type { FileMap } from '../base/files.js';
import type { TensorValue } from '../profile/run.js';

/** File contents by name. */
export function tensorFiles(layers: readonly TensorValue[]): FileMap {
  return new Map(layers.map(({ tensor, bytes }) => [tensorFileName(tensor), bytes]));
}

export function tensorFileName({ index, dtype, shape }: TensorValue['tensor']): string {
  return `t${index}_${dtype}_${shape.length === 0 ? 'scalar' : shape.join('x')}.bin`;
}

/** The tensor's index in a file name of this form; null for other names. */
export function tensorIndexOf(name: string): number | null {
  const match = /^t(\d+)_\w+\.bin$/.exec(name);
  return match ? Number(match[1]) : null;
}
