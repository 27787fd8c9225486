/** Kernel name suffixes: `add_s8` is the int8 kernel of add. */
import type { DType } from '../ir/tensor.js';

const suffixes: Readonly<Record<DType, string>> = {
  int8: 's8',
  uint8: 'u8',
  int16: 's16',
  int32: 's32',
  int64: 's64',
  float32: 'f32',
  bool: 'bool',
};

/** The part of a kernel's name that tells the element type. */
export function suffixOf(dtype: DType): string {
  return suffixes[dtype];
}
