/**
 * NumPy's .npy, versions 1 to 3, C order (format: numpy.lib.format in the NumPy manual). Numbers of the tensor's own
 * type are its stored values; floats, and any numbers for a float network, are real values.
 */
import { type DType, elementCount } from '../../ir/tensor.js';
import { type Decoded, type InputTensor, type Refuse, shapeText, wanted } from './input-tensor.js';

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly dataAt: number;
}

type Reader = (view: DataView, at: number, little: boolean) => number;

/** NumPy's type letters and sizes, with our name for the type where the network has it. */
const types: Readonly<Record<string, { bytes: number; dtype: DType | null; read: Reader }>> = {
  b1: { bytes: 1, dtype: 'bool', read: (view, at) => view.getUint8(at) },
  i1: { bytes: 1, dtype: 'int8', read: (view, at) => view.getInt8(at) },
  u1: { bytes: 1, dtype: 'uint8', read: (view, at) => view.getUint8(at) },
  i2: { bytes: 2, dtype: 'int16', read: (view, at, little) => view.getInt16(at, little) },
  u2: { bytes: 2, dtype: null, read: (view, at, little) => view.getUint16(at, little) },
  i4: { bytes: 4, dtype: 'int32', read: (view, at, little) => view.getInt32(at, little) },
  u4: { bytes: 4, dtype: null, read: (view, at, little) => view.getUint32(at, little) },
  i8: { bytes: 8, dtype: 'int64', read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u8: { bytes: 8, dtype: null, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  f4: { bytes: 4, dtype: 'float32', read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, dtype: null, read: (view, at, little) => view.getFloat64(at, little) },
};

/** @throws ReflowError E_INPUT: damaged, Fortran order, a type or shape that does not match */
export function readNpy(file: Uint8Array, tensor: InputTensor, refuse: Refuse): Decoded {
  const { descr, fortran, shape, dataAt } = header(file, refuse);
  const type = /^[<>|=]([biuf][1248])$/.exec(descr)?.[1];
  const layout = type === undefined ? undefined : types[type];
  if (layout === undefined) {
    throw refuse(
      `NumPy type ${descr} is not supported`,
      `save it with astype('${tensor.dtype}') or astype('float32')`,
    );
  }
  if (fortran && shape.filter((dim) => dim > 1).length > 1) {
    throw refuse('the array is in Fortran order', 'save numpy.ascontiguousarray(array) instead');
  }
  if (!fits(shape, tensor.shape)) {
    throw refuse(
      `the array is ${shapeText(shape)}, the network wants ${wanted(tensor)}`,
      'reshape the array to the shape of the input',
    );
  }
  const count = elementCount(tensor.shape);
  const data = file.subarray(dataAt);
  if (data.length !== count * layout.bytes) {
    throw refuse(`${data.length} bytes of data where ${count * layout.bytes} belong`, 'save the file again');
  }
  const little = !descr.startsWith('>');
  const raw = layout.dtype === tensor.dtype;
  if (raw && (little || layout.bytes === 1)) {
    return {
      kind: 'raw',
      bytes: new Uint8Array(data),
      convention: `${tensor.dtype} array: the tensor's stored values`,
    };
  }
  if (raw && layout.dtype !== 'float32') {
    return {
      kind: 'raw',
      bytes: swapped(data, layout.bytes),
      convention: `${tensor.dtype} array: stored values`,
    };
  }
  if (!type!.startsWith('f') && tensor.dtype !== 'float32') {
    throw refuse(
      `an array of NumPy type ${type} is ambiguous for an ${tensor.dtype} input`,
      `save stored values with astype('${tensor.dtype}'), or real values with astype('float32')`,
    );
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = Float64Array.from({ length: count }, (_, i) => layout.read(view, i * layout.bytes, little));
  return { kind: 'real', values, convention: 'array of real values' };
}

/** Any array of numbers, in C order. @throws ReflowError E_INPUT */
export function readNpyArray(
  file: Uint8Array,
  refuse: Refuse,
): { readonly shape: readonly number[]; readonly values: Float64Array } {
  const { descr, fortran, shape, dataAt } = header(file, refuse);
  const type = /^[<>|=]([biuf][1248])$/.exec(descr)?.[1];
  const layout = type === undefined ? undefined : types[type];
  if (layout === undefined)
    throw refuse(`NumPy type ${descr} is not supported`, "save it with astype('float32')");
  if (fortran && shape.filter((dim) => dim > 1).length > 1)
    throw refuse('the array is in Fortran order', 'save numpy.ascontiguousarray(array) instead');
  const [count, data] = [elementCount(shape), file.subarray(dataAt)];
  if (data.length !== count * layout.bytes)
    throw refuse(`${data.length} bytes of data where ${count * layout.bytes} belong`, 'save the file again');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const little = !descr.startsWith('>');
  return {
    shape,
    values: Float64Array.from({ length: count }, (_, i) => layout.read(view, i * layout.bytes, little)),
  };
}

function header(file: Uint8Array, refuse: Refuse): Header {
  const damaged = (what: string) => refuse(`no valid .npy file: ${what}`, 'save it again with numpy.save');
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (file.length < 12 || magic.some((byte, i) => file[i] !== byte)) throw damaged('the magic is missing');
  const version = file[6]!;
  if (version < 1 || version > 3) throw damaged(`version ${version} is unknown`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const textAt = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (textAt + length > file.length) throw damaged('the header is cut');
  const text = new TextDecoder().decode(file.subarray(textAt, textAt + length));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const dims = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || dims === undefined) {
    throw damaged('the header lacks a plain descr, fortran_order or shape');
  }
  const shape = dims
    .split(',')
    .filter((dim) => dim.trim() !== '')
    .map(Number);
  return { descr, fortran: order === 'True', shape, dataAt: textAt + length };
}

/** Same shape but for dimensions of 1, or a flat array of as many elements. */
function fits(array: readonly number[], tensor: readonly number[]): boolean {
  const essence = (shape: readonly number[]) => shape.filter((dim) => dim !== 1).join('x');
  if (array.length === 1) return array[0] === elementCount(tensor);
  return essence(array) === essence(tensor);
}

function swapped(data: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(data);
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  return bytes;
}
