/** Files without a header of their own: .bin and .csv. */
import { elementCount, tensorBytes } from '../../ir/tensor.js';
import { type Decoded, type InputTensor, type Refuse, wanted } from './input-tensor.js';

/**
 * .bin: the tensor's own bytes, little endian, when the length is the tensor's; real values as float32, little endian, when
 * it is four bytes an element. Other lengths are refused.
 */
export function readBin(file: Uint8Array, tensor: InputTensor, refuse: Refuse): Decoded {
  const bytes = tensorBytes(tensor);
  const count = elementCount(tensor.shape);
  if (file.length === bytes) {
    return { kind: 'raw', bytes: new Uint8Array(file), convention: "raw bytes: the tensor's stored values" };
  }
  if (file.length !== 4 * count) {
    throw refuse(
      `${file.length} bytes, the network wants ${wanted(tensor)}: ${bytes} bytes, or ${4 * count} as float32`,
      'write as many bytes as the input has',
    );
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const values = Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
  return { kind: 'real', values, convention: 'float32 real values' };
}

/** .csv: real values as decimal text, separated by commas, semicolons, blanks or lines, in the order of the tensor. */
export function readCsv(file: Uint8Array, tensor: InputTensor, refuse: Refuse): Decoded {
  const fields = new TextDecoder()
    .decode(file)
    .replace(/^\ufeff/, '')
    .split(/[,;\s]+/)
    .filter((field) => field !== '');
  const values = fields.map((field, i) => {
    if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(field)) return Number(field);
    throw refuse(`field ${i + 1} (${field.slice(0, 20)}) is not a number`, 'leave only numbers in the file');
  });
  const count = elementCount(tensor.shape);
  if (values.length !== count) {
    throw refuse(
      `${values.length} numbers, the network wants ${wanted(tensor)}`,
      'write one number per element',
    );
  }
  return { kind: 'real', values, convention: 'decimal real values' };
}
